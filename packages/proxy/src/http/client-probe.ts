// Finds out whether a client that sends no more still waits for its response.
import type { Clock, Timer } from '@meltemi/base';
import type { Transport } from '@meltemi/wire';

/** A half-closed client is left alone for so long: nearly every response is there by then, and it sees nothing else. */
const PATIENCE_MS = 500;
/** Long enough for a reset to come back. */
const ROUND_TRIP_MS = 200;
/** Who waits takes interim responses (RFC 9110 §15.2), who is gone answers with a reset; only the write after that fails. */
const INTERIM = 'HTTP/1.1 100 Continue\r\n\r\n';

/** One a connection. */
export class ClientProbe {
  readonly #clock: Clock;
  readonly #transport: Transport;
  #timer: Timer | undefined;

  constructor(clock: Clock, transport: Transport) {
    this.#clock = clock;
    this.#transport = transport;
  }

  start(): void {
    this.#timer ??= this.#clock.after(PATIENCE_MS, () => {
      this.#transport.write(INTERIM);
      this.#timer = this.#clock.after(ROUND_TRIP_MS, () => void this.#transport.write(INTERIM));
    });
  }

  /** A response begins, or nobody waits for one. */
  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
