// Time as a value: programs pass the system's clock, tests a clock that they move.

/** A timer that was started; cancelling twice is harmless. */
export interface Timer {
  cancel(): void;
}

/** Wall time, monotonic time and timers. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds from an arbitrary start, never going back; with fractions. */
  monotonic(): number;
  /** Calls back once after `delayMs`. */
  after(delayMs: number, callback: () => void): Timer;
}

/** Node turns a longer one into one of a millisecond: control planes say "never" with some 292 years. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** The machine's clock. Its timers keep the process alive unless `background` is set. */
export function systemClock(options: { readonly background?: boolean } = {}): Clock {
  return {
    now: Date.now,
    monotonic: () => performance.now(),
    after(delayMs, callback) {
      let handle: NodeJS.Timeout;
      const wait = (leftMs: number) => {
        const thisMs = Math.min(leftMs, LONGEST_TIMEOUT_MS);
        handle = setTimeout(leftMs > thisMs ? () => wait(leftMs - thisMs) : callback, thisMs);
        if (options.background) handle.unref();
      };
      wait(delayMs);
      return { cancel: () => clearTimeout(handle) };
    },
  };
}

/** A clock that stands still until `advance` moves it; due timers run in order of their time. */
export class ManualClock implements Clock {
  #now: number;
  #sequence = 0;
  #timers: { readonly due: number; readonly order: number; readonly callback: () => void }[] = [];

  constructor(startMs = 0) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  after(delayMs: number, callback: () => void): Timer {
    const timer = { due: this.#now + Math.max(0, delayMs), order: this.#sequence++, callback };
    this.#timers.push(timer);
    return { cancel: () => void (this.#timers = this.#timers.filter((other) => other !== timer)) };
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.length;
  }

  advance(byMs: number): void {
    const end = this.#now + byMs;
    for (let next = this.#nextDue(end); next; next = this.#nextDue(end)) {
      const due = next;
      this.#timers = this.#timers.filter((other) => other !== due);
      this.#now = Math.max(this.#now, due.due);
      due.callback();
    }
    this.#now = end;
  }

  #nextDue(end: number): { readonly due: number; readonly order: number; readonly callback: () => void } | undefined {
    return this.#timers.filter((timer) => timer.due <= end).sort((a, b) => a.due - b.due || a.order - b.order)[0];
  }
}
