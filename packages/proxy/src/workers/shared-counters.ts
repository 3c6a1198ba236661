// Turns names into whole numbers that all workers of the process count in: limits then hold for the process, as Envoy's do.
import { hash } from 'node:crypto';

/** A whole number of 32 bits. With several workers it is shared memory, and each call is atomic. */
export interface CounterCell {
  readonly value: number;
  /** Returns what it is then. */
  add(amount: number): number;
  /** Sets `next` where the value is `expected`; false: it was another. */
  exchange(expected: number, next: number): boolean;
  /** Gives the name up. What was added may still be taken back. */
  close(): void;
}

/**
 * `cell(name)`: the same name is the same number in every worker; begin it with its owner (`cluster/NAME/default/cx`).
 * One worker asks for a name once, until it closed the cell. With one worker a cell is a plain number and the name means nothing.
 *
 * For times that several workers compare take the clock's `now()`: the monotonic time of each worker has its own start.
 */
export interface SharedCounters {
  cell(name: string): CounterCell;
}

/** For one worker. */
export const localCounters: SharedCounters = { cell: () => new LocalCell() };

class LocalCell implements CounterCell {
  value = 0;

  add(amount: number): number {
    return (this.value += amount);
  }

  exchange(expected: number, next: number): boolean {
    if (this.value !== expected) return false;
    this.value = next;
    return true;
  }

  close(): void {}
}

/** Names at a time; a cluster has eight, and seven for each host whose failures are watched. What comes above is counted by each worker alone. */
const CAPACITY = 65_536;
const LOCK_BYTES = 8;
const KEY_BYTES = 8;
const BYTES = LOCK_BYTES + CAPACITY * (KEY_BYTES + 4 + 4);

/** Memory for `countersOver`; pages of it that nothing counts in cost nothing. */
export function countersMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(BYTES);
}

/** The counters that live in `memory`, as one worker sees them. */
export function countersOver(memory: SharedArrayBuffer): SharedCounters {
  const table = new CellTable(memory);
  return { cell: (name) => table.open(keyOf(name)) };
}

/** 64 bits of a strong hash stand for the name; 0 means a free place. */
function keyOf(name: string): bigint {
  return hash('sha256', name, 'buffer').readBigInt64LE() | 1n;
}

/** Open addressing with linear probing. Places are taken and given up under a lock, counting needs none. */
class CellTable {
  readonly #lock: Int32Array;
  readonly #keys: BigInt64Array;
  readonly #holders: Int32Array;
  readonly #values: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#lock = new Int32Array(memory, 0, 1);
    this.#keys = new BigInt64Array(memory, LOCK_BYTES, CAPACITY);
    this.#holders = new Int32Array(memory, LOCK_BYTES + CAPACITY * KEY_BYTES, CAPACITY);
    this.#values = new Int32Array(memory, LOCK_BYTES + CAPACITY * (KEY_BYTES + 4), CAPACITY);
  }

  open(key: bigint): CounterCell {
    return this.#locked(() => {
      const place = this.#find(key);
      if (place === undefined) return new LocalCell();
      this.#keys[place] = key;
      this.#holders[place]! += 1;
      return new SharedCell(this.#values, place, () => this.#release(place));
    });
  }

  /** The place of the key, or the first that can be taken; undefined: the table is full. */
  #find(key: bigint): number | undefined {
    let spare: number | undefined;
    const start = Number(BigInt.asUintN(16, key >> 8n)) % CAPACITY;
    for (let step = 0; step < CAPACITY; step++) {
      const place = (start + step) % CAPACITY;
      if (this.#keys[place] === key) return place;
      if (this.#keys[place] === 0n) return spare ?? place;
      // Given up, and all that was added was taken back.
      if (this.#holders[place] === 0 && Atomics.load(this.#values, place) === 0) spare ??= place;
    }
    return spare;
  }

  /** The key stays: who probes on must not stop here. */
  #release(place: number): void {
    this.#locked(() => (this.#holders[place]! -= 1));
  }

  #locked<Value>(work: () => Value): Value {
    while (Atomics.compareExchange(this.#lock, 0, 0, 1) !== 0) Atomics.wait(this.#lock, 0, 1);
    try {
      return work();
    } finally {
      Atomics.store(this.#lock, 0, 0);
      Atomics.notify(this.#lock, 0, 1);
    }
  }
}

class SharedCell implements CounterCell {
  readonly #values: Int32Array;
  readonly #place: number;
  readonly #release: () => void;
  #open = true;

  constructor(values: Int32Array, place: number, release: () => void) {
    this.#values = values;
    this.#place = place;
    this.#release = release;
  }

  get value(): number {
    return Atomics.load(this.#values, this.#place);
  }

  add(amount: number): number {
    return Atomics.add(this.#values, this.#place, amount) + amount;
  }

  exchange(expected: number, next: number): boolean {
    return Atomics.compareExchange(this.#values, this.#place, expected, next) === expected;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#release();
  }
}
