// Turns a HeaderMatcher into a condition on a request, or a test of any headers.
import type { HeaderMatcher } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import type { Int64Range } from '@meltemi/api/envoy/type/v3/range_pb';
import type { Condition } from './condition.ts';
import { compileRegex } from './regex.ts';
import { headerOf, type HeaderView, isSingle } from './request-view.ts';
import { compileStringMatcher, compileText, type TextMatch } from './string-match.ts';

/** Throws DecideError. https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto#config-route-v3-headermatcher */
export function compileHeaderCondition(matcher: HeaderMatcher): Condition {
  const name = matcher.name.toLowerCase();
  const values = compileValueTest(matcher);
  const { words, costly } = values;
  return {
    words: `header ${name} ${words}`,
    costly,
    holds: (request) => testField(values, headerOf(request, name), request.headers, name),
    seen: (request) => {
      const value = headerOf(request, name);
      return value === undefined ? 'is absent' : `is "${value}"`;
    },
  };
}

/** The same matcher over headers without a request: those of a response. */
export function compileHeaderTest(matcher: HeaderMatcher): (headers: HeaderView) => boolean {
  const name = matcher.name.toLowerCase();
  const values = compileValueTest(matcher);
  return (headers) => testField(values, headers.get(name), headers, name);
}

// Some value must match; inverted, none may. A single value, as nearly all are, costs no list.
function testField({ test, all }: ValueTest, joined: string | undefined, headers: HeaderView, name: string): boolean {
  if (joined === undefined || isSingle(joined)) return test(joined);
  const values = headers.getAll(name);
  // The request's own fields (`:path`) aren't among the headers.
  if (values.length < 2) return test(joined);
  return all ? values.every(test) : values.some(test);
}

interface ValueTest {
  readonly test: (value: string | undefined) => boolean;
  /** Every value of a repeated field must pass, not just one. */
  readonly all: boolean;
  readonly words: string;
  readonly costly: boolean;
}

function compileValueTest(matcher: HeaderMatcher): ValueTest {
  const { headerMatchSpecifier: specifier, invertMatch: invert } = matcher;
  if (specifier.case === undefined || specifier.case === 'presentMatch') {
    const present = specifier.case === undefined || specifier.value;
    return presenceTest(present !== invert, matcher.treatMissingHeaderAsEmpty);
  }
  const text = compileSpecifier(specifier);
  // An absent header matches nothing, inverted or not, unless it counts as empty.
  const absent = matcher.treatMissingHeaderAsEmpty ? text.test('') !== invert : false;
  return {
    test: invert
      ? (value) => (value === undefined ? absent : !text.test(value))
      : (value) => (value === undefined ? absent : text.test(value)),
    all: invert,
    words: `${invert ? 'not ' : ''}${text.words}`,
    costly: text.costly,
  };
}

// Where missing counts as empty, every header counts as present.
function presenceTest(wanted: boolean, missingIsEmpty: boolean): ValueTest {
  return {
    test: missingIsEmpty ? () => wanted : (value) => (value !== undefined) === wanted,
    all: false,
    words: wanted ? 'present' : 'absent',
    costly: false,
  };
}

type Specifier = Exclude<HeaderMatcher['headerMatchSpecifier'], { case: undefined } | { case: 'presentMatch' }>;

function compileSpecifier(specifier: Specifier): TextMatch {
  switch (specifier.case) {
    case 'exactMatch':
      // The old form: an empty value asks for presence only.
      return specifier.value === ''
        ? { test: () => true, words: 'present', costly: false }
        : compileText('exact', specifier.value, false);
    case 'prefixMatch':
      return compileText('prefix', specifier.value, false);
    case 'suffixMatch':
      return compileText('suffix', specifier.value, false);
    case 'containsMatch':
      return compileText('contains', specifier.value, false);
    case 'safeRegexMatch':
      return { test: compileRegex(specifier.value.regex), words: `regex "${specifier.value.regex}"`, costly: true };
    case 'rangeMatch':
      return rangeMatch(specifier.value);
    case 'stringMatch':
      return compileStringMatcher(specifier.value);
  }
}

function rangeMatch({ start, end }: Int64Range): TextMatch {
  const test = (text: string) => {
    const value = parseInteger(text);
    return value !== undefined && value >= start && value < end;
  };
  return { test, words: `in [${start}, ${end})`, costly: false };
}

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/** A decimal 64-bit integer, with surrounding white space and a sign; undefined for anything else. */
export function parseInteger(text: string): bigint | undefined {
  const match = /^\s*([+-]?)(\d{1,40})\s*$/.exec(text);
  if (!match) return undefined;
  const value = match[1] === '-' ? -BigInt(match[2]!) : BigInt(match[2]!);
  return value >= INT64_MIN && value <= INT64_MAX ? value : undefined;
}
