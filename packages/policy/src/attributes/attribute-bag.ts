// The attributes of one request, by slot; expressions read them here, and what they read is noted.
import { fitsType } from '../values/fits-type.ts';
import type { StringMap, Value } from '../values/value.ts';

import type { ReferenceLog } from './reference-log.ts';
import type { Vocabulary } from './vocabulary.ts';

/** What compiled expressions read from. */
export interface AttributeReader {
  /** A scalar, or a whole map. */
  read(slot: number): Value | undefined;
  /** Whether there is a map; its presence alone is not noted. */
  has(slot: number): boolean;
  /** An entry of a map that is there. */
  lookup(slot: number, key: string): string | undefined;
}

/** Attributes whose names no manifest declares are kept by name: no expression can ask for them, adapters may. */
export class AttributeBag implements AttributeReader {
  readonly vocabulary: Vocabulary;
  readonly #values: (Value | undefined)[];
  readonly #others: Map<string, Value>;
  readonly #log: ReferenceLog | undefined;

  private constructor(
    vocabulary: Vocabulary,
    values: (Value | undefined)[],
    others: Map<string, Value>,
    log?: ReferenceLog,
  ) {
    this.vocabulary = vocabulary;
    this.#values = values;
    this.#others = others;
    this.#log = log;
  }

  static of(vocabulary: Vocabulary, attributes: Iterable<readonly [string, Value]>): AttributeBag {
    const bag = new AttributeBag(vocabulary, Array.from({ length: vocabulary.names.length }), new Map());
    for (const [name, value] of attributes) bag.set(name, value);
    return bag;
  }

  /** The same attributes; what is read through it is noted in the log. */
  tracked(log: ReferenceLog): AttributeBag {
    return new AttributeBag(this.vocabulary, this.#values, this.#others, log);
  }

  /** A bag of its own with the same attributes. */
  copy(): AttributeBag {
    return new AttributeBag(this.vocabulary, [...this.#values], new Map(this.#others));
  }

  /** A value of another type than the declared one is none: clients decide what they send. */
  set(name: string, value: Value): void {
    const known = this.vocabulary.find(name);
    if (!known) this.#others.set(name, value);
    else this.#values[known.slot] = fitsType(value, known.type) ? value : undefined;
  }

  get(name: string): Value | undefined {
    const known = this.vocabulary.find(name);
    return known ? this.#values[known.slot] : this.#others.get(name);
  }

  read(slot: number): Value | undefined {
    const value = this.#values[slot];
    if (value === undefined) this.#log?.note(slot, 'ABSENCE');
    else if (this.vocabulary.types[slot] === 'STRING_MAP') this.#log?.noteWhole();
    else this.#log?.note(slot, 'EXACT');
    return value;
  }

  has(slot: number): boolean {
    const present = this.#values[slot] !== undefined;
    if (!present) this.#log?.note(slot, 'ABSENCE');
    return present;
  }

  lookup(slot: number, key: string): string | undefined {
    const value = (this.#values[slot] as StringMap).get(key);
    this.#log?.noteKey(slot, key, value === undefined ? 'ABSENCE' : 'EXACT');
    return value;
  }

  /** All attributes, declared ones first. */
  *entries(): Generator<readonly [string, Value]> {
    for (const [slot, value] of this.#values.entries()) {
      if (value !== undefined) yield [this.vocabulary.names[slot]!, value];
    }
    yield* this.#others;
  }
}
