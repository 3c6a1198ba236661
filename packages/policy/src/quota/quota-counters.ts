// Keys and limits → how much of each is left; in this process.
import type { Clock } from '@meltemi/base';

import { ExpiringCache } from './expiring-cache.ts';
import { FixedAmount, FixedWindow, type QuotaWindow, RollingWindow } from './quota-window.ts';

export type QuotaAlgorithm = 'ROLLING_WINDOW' | 'FIXED_WINDOW';

export interface QuotaLimit {
  readonly maxAmount: number;
  /** 0: the amount never comes back. */
  readonly lengthMs: number;
  readonly algorithm: QuotaAlgorithm;
  /** Of a rolling window: what was taken comes back in steps of this length. Undefined: the counters choose. */
  readonly bucketMs?: number;
}

export interface QuotaTaken {
  readonly granted: number;
  readonly left: number;
  /** Until more is left; 0: something is known to be left, or nothing comes back. */
  readonly resetMs: number;
}

/** `bestEffort`: take less where there is less. Rejects with QuotaCountersError where counts are kept elsewhere. */
export interface QuotaCounters {
  take(key: string, limit: QuotaLimit, amount: number, bestEffort: boolean): QuotaTaken | Promise<QuotaTaken>;
  close(): void;
}

/** Who keeps the counts can't be asked. */
export class QuotaCountersError extends Error {
  readonly code = 'UNAVAILABLE';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'QuotaCountersError';
  }
}

export class MemoryCounters implements QuotaCounters {
  readonly #clock: Clock;
  /** By the length of their windows: one that nobody used for twice its length is as a new one. */
  readonly #windows = new Map<number, ExpiringCache<QuotaWindow>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  take(key: string, limit: QuotaLimit, amount: number, bestEffort: boolean): QuotaTaken {
    const nowMs = this.#clock.monotonic();
    const window = this.#windowsOf(limit.lengthMs).get(key, nowMs, true, () => openWindow(limit));
    const granted = window.take(amount, bestEffort, nowMs);
    return { granted, left: window.left, resetMs: window.resetMs(nowMs) };
  }

  close(): void {
    this.#windows.clear();
  }

  #windowsOf(lengthMs: number): ExpiringCache<QuotaWindow> {
    let windows = this.#windows.get(lengthMs);
    // An amount for good is never forgotten.
    if (!windows) this.#windows.set(lengthMs, (windows = new ExpiringCache(lengthMs === 0 ? Infinity : 2 * lengthMs)));
    return windows;
  }
}

function openWindow({ maxAmount, lengthMs, algorithm }: QuotaLimit): QuotaWindow {
  if (lengthMs === 0) return new FixedAmount(maxAmount);
  return algorithm === 'FIXED_WINDOW' ? new FixedWindow(maxAmount, lengthMs) : new RollingWindow(maxAmount, lengthMs);
}
