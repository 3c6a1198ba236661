// Gathers encoded items until there are enough of them or some time passed, and bounds what waits for a slow receiver.
import type { Clock, Timer } from '@meltemi/base';

export interface BatchLimits {
  /** Bytes after which a batch is sent; 0: every item at once. */
  readonly bytes: number;
  /** Items after which a batch is sent; default: any number. */
  readonly items?: number;
  /** A batch is sent at the latest after this time. */
  readonly intervalMs: number;
}

/** What may wait above the limit of a batch while nobody takes it. */
const BACKLOG_BYTES = 1024 * 1024;

export class Batch {
  readonly #limits: BatchLimits;
  readonly #clock: Clock;
  readonly #send: (items: readonly Uint8Array[]) => boolean;
  #items: Uint8Array[] = [];
  #bytes = 0;
  #timer: Timer | undefined;

  /** `send` says whether the items were taken; where not, they wait for the next try while there is room. */
  constructor(limits: BatchLimits, clock: Clock, send: (items: readonly Uint8Array[]) => boolean) {
    this.#limits = limits;
    this.#clock = clock;
    this.#send = send;
  }

  /** False: there is no room, and the item is lost. */
  add(item: Uint8Array): boolean {
    if (this.#bytes + item.length > this.#limits.bytes + BACKLOG_BYTES) return false;
    this.#items.push(item);
    this.#bytes += item.length;
    if (this.#full) this.flush();
    else this.#timer ??= this.#clock.after(this.#limits.intervalMs, () => this.flush());
    return true;
  }

  /** True: nothing waits any more. */
  flush(): boolean {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#items.length === 0) return true;
    if (!this.#send(this.#items)) {
      this.#timer = this.#clock.after(this.#limits.intervalMs, () => this.flush());
      return false;
    }
    this.#items = [];
    this.#bytes = 0;
    return true;
  }

  /** Sends what waits, and gives the rest up. Returns how many items are lost. */
  close(): number {
    const lost = this.flush() ? 0 : this.#items.length;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#items = [];
    this.#bytes = 0;
    return lost;
  }

  get #full(): boolean {
    return this.#bytes >= this.#limits.bytes || this.#items.length >= (this.#limits.items ?? Infinity);
  }
}
