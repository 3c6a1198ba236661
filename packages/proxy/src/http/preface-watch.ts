// The first bytes of a plaintext connection → HTTP/1.1, or HTTP/2 by prior knowledge (RFC 9113 §3.3).
import type { Transport, TransportHandler } from '@meltemi/wire';

/** No request of HTTP/1.1 begins so: there is no such method. */
const BEGINNING = Buffer.from('PRI ');

/** Stands before the HTTP/1.1 connection until it has seen enough. */
export class PrefaceWatch implements TransportHandler {
  readonly #transport: Transport;
  readonly #http1: TransportHandler;
  /** Puts the handler that is chosen in its place. */
  readonly #choose: (http2: boolean) => void;
  #held: Buffer | undefined;

  constructor(transport: Transport, http1: TransportHandler, choose: (http2: boolean) => void) {
    this.#transport = transport;
    this.#http1 = http1;
    this.#choose = choose;
  }

  onData(bytes: Buffer): void {
    const seen = this.#held ? Buffer.concat([this.#held, bytes]) : bytes;
    const length = Math.min(seen.length, BEGINNING.length);
    const same = seen[0] === BEGINNING[0] && seen.compare(BEGINNING, 0, length, 0, length) === 0;
    if (same && length < BEGINNING.length) {
      this.#held = Buffer.from(seen);
      return;
    }
    this.#choose(same);
    this.#transport.handler.onData(seen);
  }

  onEnd(): void {
    this.#choose(false);
    if (this.#held) this.#http1.onData(this.#held);
    this.#http1.onEnd();
  }

  onDrain(): void {
    this.#http1.onDrain();
  }

  onClose(error?: Error): void {
    this.#http1.onClose(error);
  }
}
