// Turns a StringMatcher into a predicate with words for it.
import type { StringMatcher } from '@meltemi/api/envoy/type/matcher/v3/string_pb';
import { DecideError } from './decide-error.ts';
import { compileRegex } from './regex.ts';

/** A test of a text, and how to say it: `prefix "/api"`. */
export interface TextMatch {
  readonly test: (text: string) => boolean;
  readonly words: string;
  /** True where the test is worth doing last. */
  readonly costly: boolean;
}

/** Throws DecideError BAD_REGEX, UNSUPPORTED, BAD_MATCH. https://www.envoyproxy.io/docs/envoy/latest/api-v3/type/matcher/v3/string.proto */
export function compileStringMatcher(matcher: StringMatcher): TextMatch {
  const pattern = matcher.matchPattern;
  switch (pattern.case) {
    case 'exact':
    case 'prefix':
    case 'suffix':
    case 'contains':
      return compileText(pattern.case, pattern.value, matcher.ignoreCase);
    case 'safeRegex':
      // ignore_case has no effect on expressions: they say it themselves, `(?i)`.
      return { test: compileRegex(pattern.value.regex), words: `regex "${pattern.value.regex}"`, costly: true };
    case 'custom':
      throw new DecideError('UNSUPPORTED', `custom string matcher ${pattern.value.name}`);
    case undefined:
      throw new DecideError('BAD_MATCH', 'a string matcher has no pattern');
  }
}

type TextKind = 'exact' | 'prefix' | 'suffix' | 'contains';

export function compileText(kind: TextKind, value: string, ignoreCase: boolean): TextMatch {
  const words = `${kind} "${value}"${ignoreCase ? ' in any case' : ''}`;
  const wanted = ignoreCase ? lowerAscii(value) : value;
  const test = textTest(kind, wanted);
  return { test: ignoreCase ? (text) => test(lowerAscii(text)) : test, words, costly: false };
}

function textTest(kind: TextKind, wanted: string): (text: string) => boolean {
  switch (kind) {
    case 'exact':
      return (text) => text === wanted;
    case 'prefix':
      return (text) => text.startsWith(wanted);
    case 'suffix':
      return (text) => text.endsWith(wanted);
    case 'contains':
      return (text) => text.includes(wanted);
  }
}

/** Lower-case of A–Z only: Envoy folds no other letters. */
export function lowerAscii(text: string): string {
  return /[A-Z]/.test(text) ? text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text;
}
