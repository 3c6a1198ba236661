// Reads query strings and matches their parameters; values are compared as received, not decoded.
import type { QueryParameterMatcher } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import type { Condition } from './condition.ts';
import { compileStringMatcher, type TextMatch } from './string-match.ts';

/** The first value of a parameter in the query of `path`; `a` alone and `a=` are empty. */
export function queryParameter(path: string, name: string): string | undefined {
  const start = path.indexOf('?');
  if (start < 0) return undefined;
  const fragment = path.indexOf('#', start);
  const end = fragment < 0 ? path.length : fragment;
  for (let position = start + 1; position <= end;) {
    let next = path.indexOf('&', position);
    if (next < 0 || next > end) next = end;
    const pair = path.slice(position, next);
    const equals = pair.indexOf('=');
    if ((equals < 0 ? pair : pair.slice(0, equals)) === name) return equals < 0 ? '' : pair.slice(equals + 1);
    position = next + 1;
  }
  return undefined;
}

/** The same with percent-encoding taken off names and values. */
export function decodedQueryParameter(path: string, name: string): string | undefined {
  const start = path.indexOf('?');
  if (start < 0) return undefined;
  for (const pair of path
    .slice(start + 1)
    .split('#', 1)[0]!
    .split('&')) {
    const equals = pair.indexOf('=');
    if (decoded(equals < 0 ? pair : pair.slice(0, equals)) === name)
      return equals < 0 ? '' : decoded(pair.slice(equals + 1));
  }
  return undefined;
}

/** What is not percent-encoded well stays as it is. */
function decoded(text: string): string {
  if (!text.includes('%')) return text;
  return text.replaceAll(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** A test of a parameter's value; undefined: it is absent. Throws DecideError. */
export function compileQueryTest(matcher: QueryParameterMatcher): (value: string | undefined) => boolean {
  return valueTestOf(matcher).test;
}

function valueTestOf({ queryParameterMatchSpecifier: specifier }: QueryParameterMatcher) {
  return specifier.case === 'stringMatch'
    ? valueTest(compileStringMatcher(specifier.value))
    : presenceTest(specifier.case === undefined || specifier.value);
}

/** Throws DecideError. */
export function compileQueryCondition(matcher: QueryParameterMatcher): Condition {
  const { name } = matcher;
  const { test, words, costly } = valueTestOf(matcher);
  return {
    words: `query parameter ${name} ${words}`,
    costly,
    holds: (request) => test(queryParameter(request.path, name)),
    seen: (request) => {
      const value = queryParameter(request.path, name);
      return value === undefined ? 'is absent' : `is "${value}"`;
    },
  };
}

function valueTest(match: TextMatch) {
  const test = (value: string | undefined) => value !== undefined && match.test(value);
  return { test, words: match.words, costly: match.costly };
}

function presenceTest(wanted: boolean) {
  const test = (value: string | undefined) => (value !== undefined) === wanted;
  return { test, words: wanted ? 'present' : 'absent', costly: false };
}
