// The part of a match tree that goes by one text: the branch of that text, of its longest beginning, or of its address range.
import type {
  Matcher_MatcherTree as MatcherTree,
  Matcher_MatcherTree_MatchMap as MatchMap,
  Matcher_OnMatch as OnMatch,
} from '@meltemi/api/xds/type/matcher/v3/matcher_pb';
import { DecideError } from '../decide-error.ts';
import { ipTree } from './ip-tree.ts';

type Branch<View, Result> = (view: View) => Result | undefined;

/** Throws DecideError, and what `compile` throws. */
export function compileMatchMap<View, Result>(
  treeType: MatcherTree['treeType'],
  compile: (onMatch: OnMatch) => Branch<View, Result>,
): (value: string, view: View) => Result | undefined {
  switch (treeType.case) {
    case 'exactMatchMap': {
      const branches = branchesOf(treeType.value, compile);
      return (value, view) => branches.get(value)?.(view);
    }
    case 'prefixMatchMap':
      return longestPrefix(branchesOf(treeType.value, compile));
    case 'customMatch':
      return ipTree(treeType.value, compile);
    case undefined:
      throw new DecideError('BAD_MATCH', 'matcher: a matcher tree is empty');
  }
}

function branchesOf<View, Result>(
  { map }: MatchMap,
  compile: (onMatch: OnMatch) => Branch<View, Result>,
): ReadonlyMap<string, Branch<View, Result>> {
  return new Map(Object.entries(map).map(([key, onMatch]) => [key, compile(onMatch)]));
}

/** A prefix whose own tree finds nothing leaves it to the next shorter one. */
function longestPrefix<View, Result>(branches: ReadonlyMap<string, Branch<View, Result>>) {
  const ordered = [...branches].sort(([a], [b]) => b.length - a.length);
  return (value: string, view: View): Result | undefined => {
    for (const [prefix, branch] of ordered) {
      const result = value.startsWith(prefix) ? branch(view) : undefined;
      if (result !== undefined) return result;
    }
    return undefined;
  };
}
