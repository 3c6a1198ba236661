// RequestLimitMatch → conditions on a request's header fields, with its method, path and host among them.
import { type HeaderMatcher } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import type { RequestLimitMatch } from '@meltemi/config';
import { headerMatcher } from './string-matcher.ts';

export function limitMatchers({ methods, paths, hosts, headers = {} }: RequestLimitMatch): HeaderMatcher[] {
  return [
    ...anyOf(':method', methods, ''),
    ...anyOf(':path', paths, '(\\?.*)?'),
    ...anyOf(':authority', hosts, '(:[0-9]+)?'),
    ...Object.entries(headers).map(([name, value]) =>
      headerMatcher({ name: name.toLowerCase(), match: { kind: 'exact', value }, invert: false }),
    ),
  ];
}

/** `more`: what may follow a value without being of it. */
function anyOf(name: string, values: readonly string[] | undefined, more: string): HeaderMatcher[] {
  if (!values) return [];
  const value = `(${values.map(pattern).join('|')})${more}`;
  return [headerMatcher({ name, match: { kind: 'regex', value }, invert: false })];
}

function pattern(value: string): string {
  if (value === '*') return '.*';
  if (value.endsWith('*')) return `${quoted(value.slice(0, -1))}.*`;
  return value.startsWith('*') ? `.*${quoted(value.slice(1))}` : quoted(value);
}

function quoted(text: string): string {
  return text.replaceAll(/[\\^$.|?*+()[\]{}]/g, String.raw`\$&`);
}
