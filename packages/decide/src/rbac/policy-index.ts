// Finds the policies that a path can concern at all, so that a request isn't tested against every one of many.

/** A path that a condition can't do without: this one, or one that begins so. Without query and fragment. */
export interface PathNeed {
  readonly kind: 'exact' | 'prefix';
  readonly text: string;
}

export class PolicyIndex {
  /** Numbers of policies, ascending, as in every list here. */
  readonly #anyPath: number[] = [];
  readonly #exact = new Map<string, number[]>();
  /** By the length of the prefix, then by the prefix. */
  readonly #prefixes = new Map<number, Map<string, number[]>>();

  /** `needs` of each policy: one of these paths, or undefined where it may match any. */
  constructor(needs: readonly (readonly PathNeed[] | undefined)[]) {
    for (const [number, paths] of needs.entries()) {
      if (!paths) this.#anyPath.push(number);
      for (const { kind, text } of paths ?? [])
        noteIn(kind === 'exact' ? this.#exact : this.#sameLength(text), text, number);
    }
  }

  /** In ascending order; all others don't match. */
  candidates(path: string): readonly number[] {
    let found: readonly number[] = this.#anyPath;
    const exact = this.#exact.get(path);
    if (exact) found = merged(found, exact);
    for (const [length, prefixes] of this.#prefixes) {
      const begun = length <= path.length ? prefixes.get(path.slice(0, length)) : undefined;
      if (begun) found = merged(found, begun);
    }
    return found;
  }

  #sameLength(text: string): Map<string, number[]> {
    const known = this.#prefixes.get(text.length);
    if (known) return known;
    const prefixes = new Map<string, number[]>();
    this.#prefixes.set(text.length, prefixes);
    return prefixes;
  }
}

function noteIn(lists: Map<string, number[]>, text: string, number: number): void {
  const list = lists.get(text);
  if (!list) lists.set(text, [number]);
  else if (list.at(-1) !== number) list.push(number);
}

function merged(one: readonly number[], other: readonly number[]): readonly number[] {
  if (one.length === 0) return other;
  return [...new Set([...one, ...other])].sort((a, b) => a - b);
}
