// Amounts of a quota that were granted ahead → what requests may take without asking.
import type { QuotaResult } from '../adapters/adapter.ts';

/** `ask`: Mixer must be asked for so much. */
export type QuotaAnswer =
  | { readonly kind: 'granted' }
  | { readonly kind: 'refused' }
  | { readonly kind: 'ask'; readonly amount: number };

/** How much use is looked back at, and asked for ahead. */
const WINDOW_MS = 500;
/** After a refusal nobody is asked for so long. */
const BACK_OFF_MS = 500;
const MIN_AHEAD = 10;
const MAX_AHEAD = 1000;

/** For one quota and the requests that count in it together. Times are monotonic. */
export class QuotaPool {
  #left = 0;
  #untilMs = -Infinity;
  #refusedUntilMs = -Infinity;
  #windowStartMs = -Infinity;
  #used = 0;
  #usedBefore = 0;

  take(amount: number, nowMs: number): QuotaAnswer {
    this.#count(amount, nowMs);
    if (nowMs >= this.#untilMs) this.#left = 0;
    if (this.#left >= amount) {
      this.#left -= amount;
      return { kind: 'granted' };
    }
    if (nowMs < this.#refusedUntilMs) return { kind: 'refused' };
    return { kind: 'ask', amount: amount + this.#ahead() };
  }

  /** What Mixer answered to a request that itself takes `amount` of it. */
  refill({ granted, validDurationMs }: QuotaResult, amount: number, nowMs: number): 'granted' | 'refused' {
    const enough = granted >= amount;
    if (nowMs >= this.#untilMs) this.#left = 0;
    this.#left += enough ? granted - amount : granted;
    this.#untilMs = nowMs + validDurationMs;
    if (!enough) this.#refusedUntilMs = nowMs + BACK_OFF_MS;
    return enough ? 'granted' : 'refused';
  }

  #ahead(): number {
    return Math.min(MAX_AHEAD, Math.max(MIN_AHEAD, this.#used, this.#usedBefore));
  }

  #count(amount: number, nowMs: number): void {
    if (nowMs - this.#windowStartMs >= WINDOW_MS) {
      this.#usedBefore = nowMs - this.#windowStartMs < 2 * WINDOW_MS ? this.#used : 0;
      this.#used = 0;
      this.#windowStartMs = nowMs;
    }
    this.#used += amount;
  }
}
