// Writes matchers of what other filters said of a request: the claims of its token, above all.
import { create } from '@bufbuild/protobuf';
import { type MetadataMatcher, MetadataMatcherSchema } from '@meltemi/api/envoy/type/matcher/v3/metadata_pb';
import { type StringMatcher } from '@meltemi/api/envoy/type/matcher/v3/string_pb';
import { type ValueMatcher, ValueMatcherSchema } from '@meltemi/api/envoy/type/matcher/v3/value_pb';
import { exactMatcher, regexMatcher, wildcardMatcher } from './wildcard.ts';

const JWT_FILTER = 'envoy.filters.http.jwt_authn';
const ANYTHING = regexMatcher('.+');

/** A claim is one of the values, or a list that has one of them. */
export function claimMatcher(claims: readonly string[], values: readonly string[]): MetadataMatcher {
  const value = oneOf(values.map((each) => stringValue(wildcardMatcher(each))));
  return metadataMatcher(JWT_FILTER, ['payload', ...claims], oneOf([value, listWith(value)]));
}

export interface PrincipalMatchers {
  readonly issuer: MetadataMatcher;
  readonly subject: MetadataMatcher;
}

/** `issuer/subject`; an issuer may have slashes itself. */
export function requestPrincipalMatchers(value: string): PrincipalMatchers {
  const { issuer, subject } = principalParts(value);
  return { issuer: claim('iss', issuer), subject: claim('sub', subject) };
}

/** `[value]` asks for a list that has it. */
export function filterMetadataMatcher(filter: string, key: string, value: string): MetadataMatcher {
  const isList = value.startsWith('[') && value.endsWith(']');
  const text = isList ? value.slice(1, -1) : value;
  const matcher = stringValue(wildcardMatcher(text));
  return metadataMatcher(filter, [key], isList ? listWith(matcher) : matcher);
}

function principalParts(value: string): { readonly issuer: StringMatcher; readonly subject: StringMatcher } {
  const slash = value.lastIndexOf('/');
  if (value === '*') return { issuer: ANYTHING, subject: ANYTHING };
  if (slash >= 0) {
    return { issuer: wildcardStart(value.slice(0, slash)), subject: wildcardEnd(value.slice(slash + 1)) };
  }
  if (value.startsWith('*')) return { issuer: ANYTHING, subject: wildcardMatcher(value) };
  if (value.endsWith('*')) return { issuer: wildcardMatcher(value), subject: ANYTHING };
  return { issuer: exactMatcher(value), subject: exactMatcher('') };
}

function wildcardStart(issuer: string): StringMatcher {
  return issuer.startsWith('*') ? wildcardMatcher(issuer) : exactMatcher(issuer);
}

function wildcardEnd(subject: string): StringMatcher {
  return subject.endsWith('*') ? wildcardMatcher(subject) : exactMatcher(subject);
}

function claim(name: string, matcher: StringMatcher): MetadataMatcher {
  return metadataMatcher(JWT_FILTER, ['payload', name], stringValue(matcher));
}

function metadataMatcher(filter: string, keys: readonly string[], value: ValueMatcher): MetadataMatcher {
  const path = keys.map((key) => ({ segment: { case: 'key' as const, value: key } }));
  return create(MetadataMatcherSchema, { filter, path, value });
}

function stringValue(value: StringMatcher): ValueMatcher {
  return create(ValueMatcherSchema, { matchPattern: { case: 'stringMatch', value } });
}

function listWith(value: ValueMatcher): ValueMatcher {
  return create(ValueMatcherSchema, {
    matchPattern: { case: 'listMatch', value: { matchPattern: { case: 'oneOf', value } } },
  });
}

function oneOf(valueMatchers: readonly ValueMatcher[]): ValueMatcher {
  if (valueMatchers.length === 1) return valueMatchers[0]!;
  return create(ValueMatcherSchema, {
    matchPattern: { case: 'orMatch', value: { valueMatchers: [...valueMatchers] } },
  });
}
