// How long to wait before the next try: longer each time, and never all callers at once.
import type { Clock, Dice } from '@meltemi/base';

const FIRST_MS = 100;
const LONGEST_MS = 10_000;

export class Backoff {
  readonly #clock: Clock;
  readonly #dice: Dice;
  #nextMs = FIRST_MS;

  constructor(clock: Clock, dice: Dice) {
    this.#clock = clock;
    this.#dice = dice;
  }

  reset(): void {
    this.#nextMs = FIRST_MS;
  }

  /** Half of the time is certain, half is rolled. Resolves early when the signal aborts. */
  wait(signal: AbortSignal): Promise<void> {
    const delayMs = this.#nextMs * (0.5 + this.#dice.roll() / 2);
    this.#nextMs = Math.min(this.#nextMs * 2, LONGEST_MS);
    return new Promise((resolve) => {
      const end = () => {
        timer.cancel();
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = this.#clock.after(delayMs, end);
      if (signal.aborted) end();
      else signal.addEventListener('abort', end);
    });
  }
}
