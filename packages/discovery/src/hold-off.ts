// Merges events that come close together: the first of a quiet time goes at once, a storm goes as few.
import type { Clock, Timer } from '@meltemi/base';

export interface HoldOffOptions {
  readonly clock: Clock;
  /** After an event, the next waits until nothing more came for this long. */
  readonly quietMs: () => number;
  /** However long the storm, an event waits no longer than this. */
  readonly maxMs: number;
  readonly go: () => void;
}

/** Calls `go` for events, at most once each `quietMs` and at least once each `maxMs` while they come. */
export class HoldOff {
  readonly #options: HoldOffOptions;
  #timer: Timer | undefined;
  /** When the first event that waits came. */
  #waitingSince: number | undefined;
  #closed = false;

  constructor(options: HoldOffOptions) {
    this.#options = options;
  }

  event(): void {
    if (this.#closed) return;
    if (!this.#timer) {
      this.#go();
      return;
    }
    const now = this.#options.clock.monotonic();
    this.#waitingSince ??= now;
    this.#wait(Math.min(this.#options.quietMs(), this.#waitingSince + this.#options.maxMs - now));
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #go(): void {
    this.#waitingSince = undefined;
    // An event that comes meanwhile must find that something waits; how long is known only afterwards.
    this.#wait(this.#options.quietMs());
    this.#options.go();
    if (!this.#closed) this.#wait(this.#options.quietMs());
  }

  #wait(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(Math.max(0, delayMs), () => {
      this.#timer = undefined;
      if (this.#waitingSince !== undefined) this.#go();
    });
  }
}
