// What an answer of Mixer depends on → keys that are equal for requests that get the same answer.
import type { AttributeBag } from '../attributes/attribute-bag.ts';
import type { ReceivedReference } from '../attributes/referenced-attributes.ts';
import type { Vocabulary } from '../attributes/vocabulary.ts';
import type { Value } from '../values/value.ts';

import { type Key, valueKey, valueKind, type ValueKind } from './value-key.ts';

/** One attribute, or one entry of a map that is there; `kind` of a value that is there, undefined for none. */
interface Test {
  readonly name: string;
  readonly slot: number | undefined;
  readonly mapKey: string | undefined;
  readonly kind: ValueKind | undefined;
}

/** The same attributes there and absent; the values of those that are there are the keys. */
export class ReferenceShape {
  readonly identity: string;
  readonly #vocabulary: Vocabulary;
  readonly #tests: readonly Test[];

  private constructor(vocabulary: Vocabulary, tests: readonly Test[]) {
    this.#vocabulary = vocabulary;
    this.#tests = tests;
    this.identity = JSON.stringify(tests);
  }

  /**
   * The shape of an answer to the request with these attributes. Undefined where the references don't fit them: such an
   * answer can't be kept. A message doesn't say whether a map or its entry was absent; the request does.
   */
  static of(references: readonly ReceivedReference[], attributes: AttributeBag): ReferenceShape | undefined {
    const tests = references.map((reference) => readTest(reference, attributes));
    return tests.every((test) => test !== undefined) ? new ReferenceShape(attributes.vocabulary, tests) : undefined;
  }

  /** Writes the keys of a request to `keys`, and says how many; -1 for a request of another shape. No allocation: the hot path. */
  readKeys(attributes: AttributeBag, keys: Key[]): number {
    if (attributes.vocabulary !== this.#vocabulary) return -1;
    let count = 0;
    for (const test of this.#tests) {
      const value = valueOf(test, attributes);
      if (value === OTHER) return -1;
      if (test.kind === undefined) {
        if (value !== undefined) return -1;
        continue;
      }
      const key = value === undefined ? undefined : valueKey(value, test.kind);
      if (key === undefined) return -1;
      keys[count++] = key;
    }
    return count;
  }
}

/** An entry is asked for where there is no map. */
const OTHER = Symbol('other');

function valueOf({ name, slot, mapKey }: Test, attributes: AttributeBag): Value | undefined | typeof OTHER {
  const value = slot === undefined ? attributes.get(name) : attributes.read(slot);
  if (mapKey === undefined) return value;
  return value instanceof Map ? (value.get(mapKey) as string | undefined) : OTHER;
}

function readTest({ name, mapKey, condition }: ReceivedReference, attributes: AttributeBag): Test | undefined {
  if (condition === 'REGEX') return undefined;
  const value = attributes.get(name);
  const entry = value instanceof Map;
  const content = entry ? (value.get(mapKey) as string | undefined) : value;
  const kind = content === undefined ? undefined : valueKind(content);
  if ((kind !== undefined) !== (condition === 'EXACT')) return undefined;
  return { name, slot: attributes.vocabulary.find(name)?.slot, mapKey: entry ? mapKey : undefined, kind };
}
