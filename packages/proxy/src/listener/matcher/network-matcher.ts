// Turns a match tree (xds.type.matcher.v3.Matcher) over connections into a function from a connection to the tree's action.
// https://www.envoyproxy.io/docs/envoy/latest/xds/type/matcher/v3/matcher.proto
import type {
  Matcher,
  Matcher_MatcherList_FieldMatcher as FieldMatcher,
  Matcher_MatcherList_Predicate as Predicate,
  Matcher_MatcherList_Predicate_SinglePredicate as SinglePredicate,
  Matcher_MatcherTree as MatcherTree,
  Matcher_MatcherTree_MatchMap as MatchMap,
  Matcher_OnMatch as OnMatch,
} from '@meltemi/api/xds/type/matcher/v3/matcher_pb';
import type { StringMatcher } from '@meltemi/api/xds/type/matcher/v3/string_pb';
import type { TypedExtensionConfig } from '@meltemi/api/xds/core/v3/extension_pb';
import { compileRegex } from '@meltemi/decide';
import type { ConnectionFacts } from '../connection-facts.ts';
import { ListenerConfigError } from '../listener-config-error.ts';
import { ipTree } from './ip-tree.ts';
import { networkInput } from './network-input.ts';

/** Undefined: nothing of the tree matches. */
export type MatchConnection<Result> = (facts: ConnectionFacts) => Result | undefined;

/** How actions become results. */
export type ResultOf<Result> = (action: TypedExtensionConfig) => Result;

/** Throws ListenerConfigError for what can't be honoured. */
export function compileNetworkMatcher<Result>(matcher: Matcher, resultOf: ResultOf<Result>): MatchConnection<Result> {
  const otherwise = matcher.onNoMatch ? compileOnMatch(matcher.onNoMatch, resultOf) : () => undefined;
  const chosen = compileKind(matcher, resultOf);
  return (facts) => chosen(facts) ?? otherwise(facts);
}

/** What follows a match: the action's result, or another tree. */
export function compileOnMatch<Result>(onMatch: OnMatch, resultOf: ResultOf<Result>): MatchConnection<Result> {
  switch (onMatch.onMatch.case) {
    case 'matcher':
      return compileNetworkMatcher(onMatch.onMatch.value, resultOf);
    case 'action': {
      const result = resultOf(onMatch.onMatch.value);
      return () => result;
    }
    case undefined:
      throw malformed('on_match has neither a matcher nor an action');
  }
}

function compileKind<Result>({ matcherType }: Matcher, resultOf: ResultOf<Result>): MatchConnection<Result> {
  switch (matcherType.case) {
    case 'matcherList':
      return firstOf(matcherType.value.matchers.map((field) => compileField(field, resultOf)));
    case 'matcherTree':
      return compileTree(matcherType.value, resultOf);
    case undefined:
      return () => undefined;
  }
}

function firstOf<Result>(matchers: readonly MatchConnection<Result>[]): MatchConnection<Result> {
  return (facts) => {
    for (const matcher of matchers) {
      const result = matcher(facts);
      if (result !== undefined) return result;
    }
    return undefined;
  };
}

function compileField<Result>({ predicate, onMatch }: FieldMatcher, resultOf: ResultOf<Result>) {
  if (!predicate || !onMatch) throw malformed('a matcher has no predicate or no on_match');
  const test = compilePredicate(predicate);
  const then = compileOnMatch(onMatch, resultOf);
  return (facts: ConnectionFacts) => (test(facts) ? then(facts) : undefined);
}

function compilePredicate({ matchType }: Predicate): (facts: ConnectionFacts) => boolean {
  switch (matchType.case) {
    case 'singlePredicate':
      return compileSingle(matchType.value);
    case 'orMatcher': {
      const tests = matchType.value.predicate.map(compilePredicate);
      return (facts) => tests.some((test) => test(facts));
    }
    case 'andMatcher': {
      const tests = matchType.value.predicate.map(compilePredicate);
      return (facts) => tests.every((test) => test(facts));
    }
    case 'notMatcher': {
      const test = compilePredicate(matchType.value);
      return (facts) => !test(facts);
    }
    case undefined:
      throw malformed('a predicate is empty');
  }
}

function compileSingle({ input, matcher }: SinglePredicate): (facts: ConnectionFacts) => boolean {
  const read = networkInput(input);
  if (matcher.case !== 'valueMatch') throw malformed(`predicate "${matcher.case}" is not supported`);
  const test = compileText(matcher.value);
  return (facts) => {
    const value = read(facts);
    return value !== undefined && test(value);
  };
}

function compileText({ matchPattern, ignoreCase }: StringMatcher): (text: string) => boolean {
  const fold = ignoreCase ? (text: string) => text.toLowerCase() : (text: string) => text;
  switch (matchPattern.case) {
    case 'exact':
      return (text) => fold(text) === fold(matchPattern.value);
    case 'prefix':
      return (text) => fold(text).startsWith(fold(matchPattern.value));
    case 'suffix':
      return (text) => fold(text).endsWith(fold(matchPattern.value));
    case 'contains':
      return (text) => fold(text).includes(fold(matchPattern.value));
    case 'safeRegex':
      return compileRegex(matchPattern.value.regex);
    default:
      throw malformed(`string matcher "${matchPattern.case}" is not supported`);
  }
}

function compileTree<Result>({ input, treeType }: MatcherTree, resultOf: ResultOf<Result>): MatchConnection<Result> {
  const read = networkInput(input);
  const choose = chooser(treeType, resultOf);
  return (facts) => {
    const value = read(facts);
    return value === undefined ? undefined : choose(value, facts);
  };
}

type Choose<Result> = (value: string, facts: ConnectionFacts) => Result | undefined;

function chooser<Result>(treeType: MatcherTree['treeType'], resultOf: ResultOf<Result>): Choose<Result> {
  switch (treeType.case) {
    case 'exactMatchMap': {
      const branches = branchesOf(treeType.value, resultOf);
      return (value, facts) => branches.get(value)?.(facts);
    }
    case 'prefixMatchMap':
      return longestPrefix(branchesOf(treeType.value, resultOf));
    case 'customMatch':
      return ipTree(treeType.value, (onMatch) => compileOnMatch(onMatch, resultOf));
    case undefined:
      throw malformed('a matcher tree is empty');
  }
}

function branchesOf<Result>({ map }: MatchMap, resultOf: ResultOf<Result>): Map<string, MatchConnection<Result>> {
  return new Map(Object.entries(map).map(([key, onMatch]) => [key, compileOnMatch(onMatch, resultOf)]));
}

function longestPrefix<Result>(branches: ReadonlyMap<string, MatchConnection<Result>>): Choose<Result> {
  const ordered = [...branches].sort(([a], [b]) => b.length - a.length);
  return (value, facts) => {
    for (const [prefix, branch] of ordered) {
      const result = value.startsWith(prefix) ? branch(facts) : undefined;
      if (result !== undefined) return result;
    }
    return undefined;
  };
}

function malformed(message: string): ListenerConfigError {
  return new ListenerConfigError('BAD_FILTER_CHAIN', `matcher: ${message}`);
}
