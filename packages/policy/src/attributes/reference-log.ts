// Which attributes and map keys a decision read, and whether they were there: what a client may cache the decision by.
import type { Vocabulary } from './vocabulary.ts';

/** `EXACT`: it was there, and the decision depends on its value. `ABSENCE`: the decision depends on its not being there. */
export type ReferenceCondition = 'EXACT' | 'ABSENCE';

export interface Reference {
  readonly name: string;
  /** Of a STRING_MAP only the keys that were looked up are named. */
  readonly mapKey?: string;
  readonly condition: ReferenceCondition;
}

/** Collects; what was read twice is there once. */
export class ReferenceLog {
  readonly #vocabulary: Vocabulary;
  readonly #scalars: Map<number, ReferenceCondition>;
  readonly #keys: Map<number, Map<string, ReferenceCondition>>;
  #whole: boolean;

  constructor(vocabulary: Vocabulary, from?: ReferenceLog) {
    this.#vocabulary = vocabulary;
    this.#scalars = new Map(from ? from.#scalars : []);
    this.#keys = new Map([...(from ? from.#keys : [])].map(([slot, keys]) => [slot, new Map(keys)]));
    this.#whole = from?.whole ?? false;
  }

  /** Whether the whole of a map was read, which no reference can say. */
  get whole(): boolean {
    return this.#whole;
  }

  noteWhole(): void {
    this.#whole = true;
  }

  /** A log that begins with what this one holds: each quota's, after the precondition's. */
  fork(): ReferenceLog {
    return new ReferenceLog(this.#vocabulary, this);
  }

  note(slot: number, condition: ReferenceCondition): void {
    this.#scalars.set(slot, condition);
  }

  noteKey(slot: number, key: string, condition: ReferenceCondition): void {
    const keys = this.#keys.get(slot) ?? new Map<string, ReferenceCondition>();
    this.#keys.set(slot, keys.set(key, condition));
  }

  /** By name, then key. */
  references(): readonly Reference[] {
    const { names } = this.#vocabulary;
    const scalars = [...this.#scalars].map(([slot, condition]): Reference => ({ name: names[slot]!, condition }));
    const keys = [...this.#keys].flatMap(([slot, map]) =>
      [...map].map(([mapKey, condition]): Reference => ({ name: names[slot]!, mapKey, condition })),
    );
    return [...scalars, ...keys].sort((a, b) => compare(a.name, b.name) || compare(a.mapKey ?? '', b.mapKey ?? ''));
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
