// Watches for the moment the proxy first says that it is ready.
import type { Clock, Timer } from '@meltemi/base';
import { askAdmin } from './admin-client.ts';

export interface ReadinessOptions {
  readonly adminPort: number;
  readonly clock: Clock;
  readonly onReady: () => void;
}

const FIRST_ASK_MS = 100;
const MAX_ASK_MS = 1000;

/** Asks the admin server, ever more slowly; `confirm` when the proxy said so itself. */
export class Readiness {
  readonly #options: ReadinessOptions;
  #timer: Timer | undefined;
  #done = false;

  constructor(options: ReadinessOptions) {
    this.#options = options;
    if (options.adminPort !== 0) this.#askIn(FIRST_ASK_MS);
  }

  confirm(): void {
    if (this.#done) return;
    this.close();
    this.#options.onReady();
  }

  close(): void {
    this.#done = true;
    this.#timer?.cancel();
  }

  #askIn(delayMs: number): void {
    this.#timer = this.#options.clock.after(delayMs, () => void this.#ask(Math.min(MAX_ASK_MS, delayMs * 1.2)));
  }

  async #ask(nextDelayMs: number): Promise<void> {
    const answer = await askAdmin(this.#options.adminPort, '/ready').catch(() => undefined);
    if (this.#done) return;
    if (answer?.status === 200) this.confirm();
    else this.#askIn(nextDelayMs);
  }
}
