// Counts requests and successes of the last while, by the second.
import type { Clock } from '@meltemi/base';

const GRAIN_MS = 1_000;

interface Slice {
  readonly beganMs: number;
  requests: number;
  successes: number;
}

export class RequestHistory {
  readonly #clock: Clock;
  readonly #windowMs: number;
  readonly #slices: Slice[] = [];
  #requests = 0;
  #successes = 0;

  constructor(clock: Clock, windowMs: number) {
    this.#clock = clock;
    this.#windowMs = windowMs;
  }

  /** Of the window that ends now. */
  get counts(): { readonly requests: number; readonly successes: number } {
    this.#current();
    return { requests: this.#requests, successes: this.#successes };
  }

  /** Requests a second, whole. */
  get rps(): number {
    const now = this.#clock.monotonic();
    this.#current();
    const seconds = Math.max(1, Math.floor((now - this.#slices[0]!.beganMs) / 1_000));
    return Math.floor(this.#requests / seconds);
  }

  record(success: boolean): void {
    const slice = this.#current();
    slice.requests++;
    this.#requests++;
    if (!success) return;
    slice.successes++;
    this.#successes++;
  }

  #current(): Slice {
    const now = this.#clock.monotonic();
    for (let oldest = this.#slices[0]; oldest && now - oldest.beganMs >= this.#windowMs; oldest = this.#slices[0]) {
      this.#slices.shift();
      this.#requests -= oldest.requests;
      this.#successes -= oldest.successes;
    }
    const newest = this.#slices.at(-1);
    if (newest && now - newest.beganMs < GRAIN_MS) return newest;
    const slice: Slice = { beganMs: now, requests: 0, successes: 0 };
    this.#slices.push(slice);
    return slice;
  }
}
