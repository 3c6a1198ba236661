// Patterns on texts: `match` with a star at one end, and `matches` with a regular expression that runs in linear time.
import { RE2JS, RE2JSException } from 're2js';

import { ExternError } from './extern-error.ts';

/** Characters; longer expressions are refused. */
const LONGEST = 1024;

/** A predicate that is true for `x*` at the beginning of the text, `*x` at its end, or the text itself. */
export function matchPredicate(pattern: string): (text: string) => boolean {
  const part = pattern.endsWith('*') ? pattern.slice(0, -1) : pattern.slice(1);
  if (pattern.endsWith('*')) return (text) => text.startsWith(part);
  return pattern.startsWith('*') ? (text) => text.endsWith(part) : (text) => text === pattern;
}

/** A predicate that is true when the expression (RE2 syntax) matches a part of the text. Throws ExternError. */
export function regexPredicate(pattern: string): (text: string) => boolean {
  if (/^[\w\s/:@-]*$/.test(pattern)) return (text) => text.includes(pattern);
  if (pattern.length > LONGEST) {
    throw new ExternError(`regular expression of ${pattern.length} characters is longer than ${LONGEST}`);
  }
  try {
    const compiled = RE2JS.compile(pattern);
    return (text) => compiled.test(text);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    throw new ExternError(error.message);
  }
}
