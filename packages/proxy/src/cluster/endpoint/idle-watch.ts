// Tells when a connection has been idle for too long, with one timer whatever happens meanwhile.
import type { Clock, Timer } from '@meltemi/base';

export class IdleWatch {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #onIdle: () => void;
  #timer: Timer | undefined;
  /** Monotonic milliseconds; undefined: in use. */
  #since: number | undefined;

  /** Idle from now on. A limit of 0 is none. */
  constructor(clock: Clock, limitMs: number, onIdle: () => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#onIdle = onIdle;
    this.begins();
    if (limitMs > 0) this.#arm(limitMs);
  }

  begins(): void {
    this.#since = this.#clock.monotonic();
  }

  ends(): void {
    this.#since = undefined;
  }

  close(): void {
    this.#timer?.cancel();
  }

  #arm(delayMs: number): void {
    this.#timer = this.#clock.after(delayMs, () => this.#look());
  }

  #look(): void {
    const left = this.#since === undefined ? this.#limitMs : this.#since + this.#limitMs - this.#clock.monotonic();
    if (left > 0.5) this.#arm(left);
    else this.#onIdle();
  }
}
