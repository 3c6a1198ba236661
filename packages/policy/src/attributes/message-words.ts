// Words ↔ indexes of one message: 0 and above are the global list, -1 and below the message's own words.
import { GLOBAL_INDEX, GLOBAL_WORDS } from './global-words.ts';

export class AttributesError extends Error {
  readonly code = 'BAD_ATTRIBUTES';

  constructor(message: string) {
    super(message);
    this.name = 'AttributesError';
  }
}

/** Collects the words of a message that is written for a peer who knows so many words of the global list. */
export class MessageWords {
  readonly words: string[] = [];
  readonly #indexes = new Map<string, number>();
  readonly #globalCount: number;

  constructor(globalCount: number = GLOBAL_WORDS.length) {
    this.#globalCount = globalCount;
  }

  indexOf(word: string): number {
    const global = GLOBAL_INDEX.get(word);
    if (global !== undefined && global < this.#globalCount) return global;
    let index = this.#indexes.get(word);
    if (index === undefined) {
      this.words.push(word);
      index = -this.words.length;
      this.#indexes.set(word, index);
    }
    return index;
  }
}

/** The word of an index. Throws AttributesError for an index that neither list has. */
export function wordAt(index: number, words: readonly string[]): string {
  const word = index >= 0 ? GLOBAL_WORDS[index] : words[-index - 1];
  if (word === undefined)
    throw new AttributesError(`attribute index ${index} is not defined in the available dictionaries`);
  return word;
}
