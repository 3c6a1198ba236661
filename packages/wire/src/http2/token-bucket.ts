// A budget that fills again with time.
import type { Clock } from '@meltemi/base';

export class TokenBucket {
  readonly #clock: Clock;
  readonly #capacity: number;
  readonly #perMs: number;
  #tokens: number;
  #filledAt: number;

  /** `capacity` tokens to begin with, and as many again in `fillMs`. */
  constructor(clock: Clock, capacity: number, fillMs: number) {
    this.#clock = clock;
    this.#capacity = capacity;
    this.#perMs = capacity / fillMs;
    this.#tokens = capacity;
    this.#filledAt = clock.monotonic();
  }

  /** False: none is left. */
  take(): boolean {
    if (this.#tokens < 1) this.#fill();
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  give(): void {
    if (this.#tokens < this.#capacity) this.#tokens++;
  }

  #fill(): void {
    const now = this.#clock.monotonic();
    this.#tokens = Math.min(this.#capacity, this.#tokens + (now - this.#filledAt) * this.#perMs);
    this.#filledAt = now;
  }
}
