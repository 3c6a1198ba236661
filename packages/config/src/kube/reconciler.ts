// Runs a pass over all that is to be written whenever something changed, one at a time, and again after a while where it failed.
import type { Clock, Dice } from '@meltemi/base';

import { Backoff } from './backoff.ts';

export interface ReconcilerOptions {
  /** Resolves when enough is known for the first pass. */
  readonly synced: Promise<unknown>;
  /** Writes what is not as it should be; false where something could not be written. */
  readonly pass: () => Promise<boolean>;
  readonly clock: Clock;
  readonly dice: Dice;
}

/** What changes during a pass is seen by the next. */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #backoff: Backoff;
  readonly #abort = new AbortController();
  #running = false;
  #again = false;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.clock, options.dice);
  }

  /** To be called when something changed. */
  refresh(): void {
    this.#again = true;
    if (!this.#running) void this.#run();
  }

  close(): void {
    this.#abort.abort();
  }

  async #run(): Promise<void> {
    this.#running = true;
    await this.#options.synced;
    while (this.#again && !this.#abort.signal.aborted) {
      this.#again = false;
      if (await this.#options.pass()) {
        this.#backoff.reset();
        continue;
      }
      this.#again = true;
      await this.#backoff.wait(this.#abort.signal);
    }
    this.#running = false;
  }
}
