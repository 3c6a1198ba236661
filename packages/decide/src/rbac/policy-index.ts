// Finds the policies that a path can concern at all.
import { PathLists, type PathNeed } from '../path-lists.ts';

export class PolicyIndex {
  readonly #lists: PathLists;

  /** `needs` of each policy: one of these paths, or undefined where it may match any. */
  constructor(needs: readonly (readonly PathNeed[] | undefined)[]) {
    this.#lists = new PathLists(needs);
  }

  /** Their numbers in ascending order; all others don't match. */
  candidates(path: string): readonly number[] {
    const { anyPath, exact, prefixes } = this.#lists;
    let found = anyPath;
    const same = exact.get(path);
    if (same) found = merged(found, same);
    for (const [length, byText] of prefixes) {
      const begun = length <= path.length ? byText.get(path.slice(0, length)) : undefined;
      if (begun) found = merged(found, begun);
    }
    return found;
  }
}

function merged(one: readonly number[], other: readonly number[]): readonly number[] {
  if (one.length === 0) return other;
  return [...new Set([...one, ...other])].sort((a, b) => a - b);
}
