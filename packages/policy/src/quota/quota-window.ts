// How much of a quota is left: amounts taken over time → how much may be taken now.

/** Amounts are whole and never negative; `nowMs` never goes back. */
export interface QuotaWindow {
  /** Takes the amount, or, with `bestEffort`, what is left of it; 0 when there is not enough. */
  take(amount: number, bestEffort: boolean, nowMs: number): number;
  /** At the last taking. */
  readonly left: number;
  /** Until more is left; 0: nothing comes back. */
  resetMs(nowMs: number): number;
}

/** So much in all, for good. */
export class FixedAmount implements QuotaWindow {
  #left: number;

  constructor(maxAmount: number) {
    this.#left = maxAmount;
  }

  take(amount: number, bestEffort: boolean): number {
    const granted = grant(amount, this.#left, bestEffort);
    this.#left -= granted;
    return granted;
  }

  get left(): number {
    return this.#left;
  }

  resetMs(): number {
    return 0;
  }
}

/** So much in each span of time; the spans follow each other, and the first begins at the first request. */
export class FixedWindow implements QuotaWindow {
  readonly #maxAmount: number;
  readonly #lengthMs: number;
  #endMs = -Infinity;
  #left = 0;

  constructor(maxAmount: number, lengthMs: number) {
    this.#maxAmount = maxAmount;
    this.#lengthMs = lengthMs;
  }

  take(amount: number, bestEffort: boolean, nowMs: number): number {
    if (nowMs >= this.#endMs) {
      this.#endMs = nowMs + this.#lengthMs;
      this.#left = this.#maxAmount;
    }
    const granted = grant(amount, this.#left, bestEffort);
    this.#left -= granted;
    return granted;
  }

  get left(): number {
    return this.#left;
  }

  resetMs(nowMs: number): number {
    return Math.max(0, this.#endMs - nowMs);
  }
}

/** Time is counted in slots: what was taken comes back a whole number of slots later, never early. */
const SLOTS = 64;

/** So much in any span of the length, wherever it begins. */
export class RollingWindow implements QuotaWindow {
  readonly #slotMs: number;
  readonly #taken: number[] = Array.from({ length: SLOTS + 1 }, () => 0);
  #left: number;
  #slot = 0;

  constructor(maxAmount: number, lengthMs: number) {
    this.#left = maxAmount;
    this.#slotMs = lengthMs / SLOTS;
  }

  take(amount: number, bestEffort: boolean, nowMs: number): number {
    this.#advance(Math.floor(nowMs / this.#slotMs));
    const granted = grant(amount, this.#left, bestEffort);
    this.#taken[this.#slot % this.#taken.length]! += granted;
    this.#left -= granted;
    return granted;
  }

  get left(): number {
    return this.#left;
  }

  /** When the oldest of what was taken comes back. */
  resetMs(nowMs: number): number {
    const slots = this.#taken.length;
    const oldest = Array.from({ length: slots }, (_, step) => this.#slot - slots + 1 + step).find(
      (slot) => slot >= 0 && this.#taken[slot % slots]! > 0,
    );
    return oldest === undefined ? 0 : Math.max(0, (oldest + slots) * this.#slotMs - nowMs);
  }

  /** Gives back what was taken more than a length of time ago. */
  #advance(slot: number): void {
    const steps = Math.min(slot - this.#slot, this.#taken.length);
    for (let step = 1; step <= steps; step++) {
      const index = (this.#slot + step) % this.#taken.length;
      this.#left += this.#taken[index]!;
      this.#taken[index] = 0;
    }
    this.#slot = Math.max(slot, this.#slot);
  }
}

function grant(amount: number, left: number, bestEffort: boolean): number {
  if (amount <= left) return amount;
  return bestEffort ? left : 0;
}
