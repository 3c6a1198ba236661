// Turns a predicate of a match tree into a test of what the tree looks at.
import type { TypedExtensionConfig } from '@meltemi/api/xds/core/v3/extension_pb';
import type {
  Matcher_MatcherList_Predicate as Predicate,
  Matcher_MatcherList_Predicate_PredicateList as PredicateList,
  Matcher_MatcherList_Predicate_SinglePredicate as SinglePredicate,
} from '@meltemi/api/xds/type/matcher/v3/matcher_pb';
import type { StringMatcher } from '@meltemi/api/xds/type/matcher/v3/string_pb';
import { DecideError } from '../decide-error.ts';
import { compileRegex } from '../regex.ts';
import { compileText } from '../string-match.ts';

type ReadInput<View> = (config: TypedExtensionConfig | undefined) => (view: View) => string | undefined;

/** Throws DecideError, and what `input` throws. */
export function compilePredicate<View>({ matchType }: Predicate, input: ReadInput<View>): (view: View) => boolean {
  switch (matchType.case) {
    case 'singlePredicate':
      return compileSingle(matchType.value, input);
    case 'orMatcher': {
      const tests = compileList(matchType.value, input);
      return (view) => tests.some((test) => test(view));
    }
    case 'andMatcher': {
      const tests = compileList(matchType.value, input);
      return (view) => tests.every((test) => test(view));
    }
    case 'notMatcher': {
      const test = compilePredicate(matchType.value, input);
      return (view) => !test(view);
    }
    case undefined:
      throw malformed('a predicate is empty');
  }
}

function compileList<View>({ predicate }: PredicateList, input: ReadInput<View>): readonly ((view: View) => boolean)[] {
  if (predicate.length < 2) throw malformed('a list of predicates has fewer than two');
  return predicate.map((each) => compilePredicate(each, input));
}

function compileSingle<View>({ input, matcher }: SinglePredicate, read: ReadInput<View>): (view: View) => boolean {
  const valueOf = read(input);
  switch (matcher.case) {
    case 'valueMatch': {
      const test = compileTextTest(matcher.value);
      return (view) => {
        const value = valueOf(view);
        return value !== undefined && test(value);
      };
    }
    case 'customMatch':
      throw new DecideError('UNSUPPORTED', `matcher: custom match ${matcher.value.name}`);
    case undefined:
      throw malformed('a predicate has no match');
  }
}

function compileTextTest({ matchPattern, ignoreCase }: StringMatcher): (text: string) => boolean {
  switch (matchPattern.case) {
    case 'exact':
    case 'prefix':
    case 'suffix':
    case 'contains':
      return compileText(matchPattern.case, matchPattern.value, ignoreCase).test;
    case 'safeRegex':
      return compileRegex(matchPattern.value.regex);
    case undefined:
      throw malformed('a string matcher has no pattern, or one that is not known');
  }
}

function malformed(message: string): DecideError {
  return new DecideError('BAD_MATCH', `matcher: ${message}`);
}
