// Asks an HTTP/2 peer for signs of life by PING, and tells when none came in time.
import type { Clock, Dice, Timer } from '@meltemi/base';
import type { PingSettings } from './http2-options.ts';

/** Whose peer is asked. */
export interface PingedConnection {
  ping(): void;
  /** No answer came in time. */
  onSilence(): void;
}

/** One a connection. Of an idle connection too: an intermediary may have forgotten it. */
export class PingWatch {
  readonly #settings: PingSettings;
  readonly #clock: Clock;
  readonly #dice: Dice;
  readonly #connection: PingedConnection;
  #next: Timer | undefined;
  #due: Timer | undefined;
  /** Monotonic milliseconds. */
  #heardAt: number;

  constructor(settings: PingSettings, clock: Clock, dice: Dice, connection: PingedConnection) {
    this.#settings = settings;
    this.#clock = clock;
    this.#dice = dice;
    this.#connection = connection;
    this.#heardAt = clock.monotonic();
    this.#schedule();
  }

  /** Bytes of the peer came. */
  heard(): void {
    this.#heardAt = this.#clock.monotonic();
  }

  /** A request begins on it. */
  used(): void {
    const { idleMs } = this.#settings;
    if (idleMs > 0 && this.#clock.monotonic() - this.#heardAt >= idleMs) this.#ask();
  }

  onPong(): void {
    this.#due?.cancel();
    this.#due = undefined;
    this.#schedule();
  }

  close(): void {
    this.#next?.cancel();
    this.#due?.cancel();
  }

  #schedule(): void {
    const { intervalMs, jitter } = this.#settings;
    this.#next?.cancel();
    if (intervalMs === 0) return;
    this.#next = this.#clock.after(intervalMs * (1 + jitter * this.#dice.roll()), () => this.#ask());
  }

  #ask(): void {
    if (this.#due) return;
    this.#next?.cancel();
    this.#due = this.#clock.after(this.#settings.timeoutMs, () => this.#connection.onSilence());
    this.#connection.ping();
  }
}
