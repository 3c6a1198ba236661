// Turns a match tree (xds.type.matcher.v3.Matcher) into a function from what it looks at to the result of one of its actions.
// https://www.envoyproxy.io/docs/envoy/latest/xds/type/matcher/v3/matcher.proto
import type { TypedExtensionConfig } from '@meltemi/api/xds/core/v3/extension_pb';
import type {
  Matcher,
  Matcher_MatcherList_FieldMatcher as FieldMatcher,
  Matcher_OnMatch as OnMatch,
} from '@meltemi/api/xds/type/matcher/v3/matcher_pb';
import { DecideError } from '../decide-error.ts';
import { compileMatchMap } from './match-map.ts';
import { compilePredicate } from './predicate.ts';

/** Undefined: nothing of the tree matches. */
export type MatchTree<View, Result> = (view: View) => Result | undefined;

/** Undefined: there is no such value, which no text matches. */
export type MatchInput<View> = (view: View) => string | undefined;

/** What the inputs and the actions of a tree stand for. Both throw for what they don't know. */
export interface MatchWords<View, Result> {
  readonly input: (config: TypedExtensionConfig | undefined) => MatchInput<View>;
  readonly result: (action: TypedExtensionConfig) => Result;
}

/** Throws DecideError for what can't be honoured, and what `words` throw. */
export function compileMatchTree<View, Result>(
  matcher: Matcher,
  words: MatchWords<View, Result>,
): MatchTree<View, Result> {
  const otherwise = matcher.onNoMatch ? compileOnMatch(matcher.onNoMatch, words) : () => undefined;
  const chosen = compileKind(matcher, words);
  return (view) => chosen(view) ?? otherwise(view);
}

/** What follows a match: the action's result, or another tree. */
function compileOnMatch<View, Result>({ onMatch }: OnMatch, words: MatchWords<View, Result>): MatchTree<View, Result> {
  switch (onMatch.case) {
    case 'matcher':
      return compileMatchTree(onMatch.value, words);
    case 'action': {
      const result = words.result(onMatch.value);
      return () => result;
    }
    case undefined:
      throw new DecideError('BAD_MATCH', 'matcher: on_match has neither a matcher nor an action');
  }
}

function compileKind<View, Result>({ matcherType }: Matcher, words: MatchWords<View, Result>): MatchTree<View, Result> {
  switch (matcherType.case) {
    case 'matcherList':
      return firstOf(matcherType.value.matchers.map((field) => compileField(field, words)));
    case 'matcherTree': {
      const { input, treeType } = matcherType.value;
      const read = words.input(input);
      const choose = compileMatchMap(treeType, (onMatch) => compileOnMatch(onMatch, words));
      return (view) => {
        const value = read(view);
        return value === undefined ? undefined : choose(value, view);
      };
    }
    case undefined:
      return () => undefined;
  }
}

/** A match whose own tree finds nothing is none. */
function firstOf<View, Result>(matchers: readonly MatchTree<View, Result>[]): MatchTree<View, Result> {
  return (view) => {
    for (const matcher of matchers) {
      const result = matcher(view);
      if (result !== undefined) return result;
    }
    return undefined;
  };
}

function compileField<View, Result>(
  { predicate, onMatch }: FieldMatcher,
  words: MatchWords<View, Result>,
): MatchTree<View, Result> {
  if (!predicate || !onMatch) throw new DecideError('BAD_MATCH', 'matcher: no predicate, or no on_match');
  const test = compilePredicate(predicate, words.input);
  const follow = compileOnMatch(onMatch, words);
  return (view) => (test(view) ? follow(view) : undefined);
}
