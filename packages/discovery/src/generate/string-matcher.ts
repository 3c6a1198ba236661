// StringMatchInput → the matchers of strings and headers.
import { create } from '@bufbuild/protobuf';
import { type HeaderMatcher, HeaderMatcherSchema } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { type StringMatcher, StringMatcherSchema } from '@meltemi/api/envoy/type/matcher/v3/string_pb';
import type { NamedMatchInput, StringMatchInput } from '../input/route-input.ts';

/** `present` becomes an expression that matches all: a matcher of strings has no such word. */
export function stringMatcher(input: StringMatchInput): StringMatcher {
  switch (input.kind) {
    case 'exact':
      return create(StringMatcherSchema, { matchPattern: { case: 'exact', value: input.value } });
    case 'prefix':
      return create(StringMatcherSchema, { matchPattern: { case: 'prefix', value: input.value } });
    case 'regex':
      return create(StringMatcherSchema, { matchPattern: { case: 'safeRegex', value: { regex: input.value } } });
    case 'present':
      return create(StringMatcherSchema, { matchPattern: { case: 'safeRegex', value: { regex: '.*' } } });
  }
}

/** An inverted match of a value holds where the header is missing, too. */
export function headerMatcher({ name, match, invert }: NamedMatchInput): HeaderMatcher {
  if (match.kind === 'present') {
    const value = { case: 'presentMatch', value: true } as const;
    return create(HeaderMatcherSchema, { name, headerMatchSpecifier: value, invertMatch: invert });
  }
  return create(HeaderMatcherSchema, {
    name,
    headerMatchSpecifier: { case: 'stringMatch', value: stringMatcher(match) },
    invertMatch: invert,
    treatMissingHeaderAsEmpty: invert,
  });
}
