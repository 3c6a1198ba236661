// Turns the values of AuthorizationPolicies, where `*` may stand first or last, into matchers. What is literal stays literal.
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { type HeaderMatcher, HeaderMatcherSchema } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { type StringMatcher, StringMatcherSchema } from '@meltemi/api/envoy/type/matcher/v3/string_pb';

export interface WildcardOptions {
  /** Stands before every value: `spiffe://`. */
  readonly prefix?: string;
  readonly ignoreCase?: boolean;
}

/** `*` alone: anything but nothing. */
export function wildcardMatcher(
  value: string,
  { prefix = '', ignoreCase = false }: WildcardOptions = {},
): StringMatcher {
  if (value === '*') return regexMatcher('.+');
  if (value.startsWith('*')) {
    const end = value.slice(1);
    return prefix === ''
      ? matcher({ case: 'suffix', value: end }, ignoreCase)
      : regexMatcher(`${prefix}.*${escapeRegex(end)}`);
  }
  if (value.endsWith('*')) return matcher({ case: 'prefix', value: prefix + value.slice(0, -1) }, ignoreCase);
  return exactMatcher(prefix + value, ignoreCase);
}

/** `*` alone: the header is there. */
export function wildcardHeader(name: string, value: string, ignoreCase = false): HeaderMatcher {
  return create(HeaderMatcherSchema, {
    name,
    headerMatchSpecifier:
      value === '*'
        ? { case: 'presentMatch', value: true }
        : { case: 'stringMatch', value: wildcardMatcher(value, { ignoreCase }) },
  });
}

export function exactMatcher(value: string, ignoreCase = false): StringMatcher {
  return matcher({ case: 'exact', value }, ignoreCase);
}

export function regexMatcher(regex: string): StringMatcher {
  return matcher({ case: 'safeRegex', value: { regex } }, false);
}

/** A path whose whole segments may be `{*}`, any one segment, or `{**}`, any number of them. */
export function pathTemplateMatcher(template: string): StringMatcher {
  const parts = template.split(/(\{\*\*?\})/);
  return regexMatcher(parts.map((part) => TEMPLATE_WORDS.get(part) ?? escapeRegex(part)).join(''));
}

export function isPathTemplate(value: string): boolean {
  return /\{\*\*?\}/.test(value);
}

const TEMPLATE_WORDS: ReadonlyMap<string, string> = new Map([
  ['{*}', '[^/]+'],
  ['{**}', '.*'],
]);

/** `*` anywhere stands for anything; all else is literal. */
export function wildcardRegex(value: string): string {
  return value.split('*').map(escapeRegex).join('.*');
}

/** As RE2's own QuoteMeta of Go. */
export function escapeRegex(text: string): string {
  return text.replaceAll(/[\\.+*?()|[\]{}^$]/g, String.raw`\$&`);
}

function matcher(
  matchPattern: MessageInitShape<typeof StringMatcherSchema>['matchPattern'],
  ignoreCase: boolean,
): StringMatcher {
  return create(StringMatcherSchema, { matchPattern, ignoreCase });
}
