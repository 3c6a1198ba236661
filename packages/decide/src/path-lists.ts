// Sorts rules by the paths that they can't do without, so that a request isn't tested against every one of many.

/** A path that a rule can't do without: this one, or one that begins so. Without query and fragment. */
export interface PathNeed {
  readonly kind: 'exact' | 'prefix';
  readonly text: string;
}

/** Numbers of rules, ascending, in every list. */
export class PathLists {
  /** Of the rules that any path may concern. */
  readonly anyPath: readonly number[];
  readonly exact: ReadonlyMap<string, readonly number[]>;
  /** By the length of the prefix, then by the prefix. */
  readonly prefixes: ReadonlyMap<number, ReadonlyMap<string, readonly number[]>>;

  /** `needs` of each rule: one of these paths, or undefined where it may match any. */
  constructor(needs: readonly (readonly PathNeed[] | undefined)[]) {
    const anyPath: number[] = [];
    const exact = new Map<string, number[]>();
    const prefixes = new Map<number, Map<string, number[]>>();
    for (const [number, paths] of needs.entries()) {
      if (!paths) anyPath.push(number);
      for (const { kind, text } of paths ?? [])
        noteIn(kind === 'exact' ? exact : sameLength(prefixes, text.length), text, number);
    }
    this.anyPath = anyPath;
    this.exact = exact;
    this.prefixes = prefixes;
  }
}

function sameLength(prefixes: Map<number, Map<string, number[]>>, length: number): Map<string, number[]> {
  const known = prefixes.get(length) ?? new Map<string, number[]>();
  prefixes.set(length, known);
  return known;
}

function noteIn(lists: Map<string, number[]>, text: string, number: number): void {
  const list = lists.get(text);
  if (!list) lists.set(text, [number]);
  else if (list.at(-1) !== number) list.push(number);
}
