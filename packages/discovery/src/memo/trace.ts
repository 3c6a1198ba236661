// What a computation read of immutable values → whether it would read the same of others.

/** Which parts of a value are looked into; of all others a read notes the value itself. */
export interface Depth {
  readonly [part: string]: Depth;
}

interface Read {
  readonly key: string;
  /** Of a call; undefined: a property was read. */
  readonly args: readonly unknown[] | undefined;
  readonly value: unknown;
}

type Readable = Readonly<Record<string, unknown>>;

/** The reads of one value. */
export class Trace {
  /** A value of which all of these reads are true. */
  #target: object;
  /** The value itself was taken: no other will do. */
  #whole = false;
  /** There are thousands of traces, and most note little: undefined where nothing is noted. */
  #reads: Map<string, Read> | undefined;
  #parts: Map<string, Trace> | undefined;

  constructor(target: object) {
    this.#target = target;
  }

  /** True when a computation that reads `target` comes to the same result. */
  holds(target: object): boolean {
    if (target === this.#target) return true;
    if (this.#whole) return false;
    for (const read of this.#reads?.values() ?? []) if (!same(valueOf(target, read), read.value)) return false;
    for (const [key, part] of this.#parts ?? []) {
      const value = (target as Readable)[key];
      if (typeof value !== 'object' || value === null || !part.holds(value)) return false;
    }
    // Values never change: the next question about this one has its answer.
    this.#target = target;
    return true;
  }

  noteWhole(): void {
    this.#whole = true;
  }

  note(key: string, args: readonly unknown[] | undefined, value: unknown): void {
    const id = args ? `${key}(${args.map(argumentId).join()})` : key;
    this.#noteRead(id, { key, args, value });
  }

  part(key: string, target: object): Trace {
    this.#parts ??= new Map();
    const part = this.#parts.get(key) ?? new Trace(target);
    this.#parts.set(key, part);
    return part;
  }

  /** Notes what another trace of the same value has noted. */
  include(other: Trace): void {
    if (other.#whole) this.#whole = true;
    for (const [id, read] of other.#reads ?? []) this.#noteRead(id, read);
    for (const [key, part] of other.#parts ?? []) this.part(key, part.#target).include(part);
  }

  #noteRead(id: string, read: Read): void {
    this.#reads ??= new Map();
    if (!this.#reads.has(id)) this.#reads.set(id, read);
  }
}

function valueOf(target: object, { key, args }: Read): unknown {
  const value = (target as Readable)[key];
  if (!args) return value;
  return typeof value === 'function' ? Reflect.apply(value, target, [...args]) : undefined;
}

/** Lists are the same when their items are. */
function same(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (!Array.isArray(one) || !Array.isArray(other) || one.length !== other.length) return false;
  return one.every((item, index) => item === (other as readonly unknown[])[index]);
}

const objectIds = new WeakMap<object, number>();
let objects = 0;

function argumentId(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined';
  const id = objectIds.get(value) ?? ++objects;
  objectIds.set(value, id);
  return `#${id}`;
}
