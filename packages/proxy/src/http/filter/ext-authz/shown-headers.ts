// The request's headers as an authorization server gets to see them.
import type { StreamEntry } from '../../stream-entry.ts';
import type { NameTest } from './header-names.ts';

export const PARTIAL_BODY = 'x-envoy-auth-partial-body';

/** Names in lower case, `:method` and its like among them, with each value in latin1. */
export function* shownHeaders(entry: StreamEntry, shows: NameTest): Iterable<readonly [string, string]> {
  const { method, path, authority, scheme, headers } = entry;
  if (shows(':authority')) yield [':authority', authority];
  if (shows(':path')) yield [':path', path];
  if (shows(':method')) yield [':method', method];
  if (shows(':scheme')) yield [':scheme', scheme];
  for (const [name, value] of headers.entries()) {
    // The client is not to say how much of its body the server sees.
    if (name !== 'host' && name !== PARTIAL_BODY && shows(name)) yield [name, value];
  }
}

/** The values of a repeated header are joined by commas: the server sees all of them. */
export function joinedHeaders(shown: Iterable<readonly [string, string]>): Map<string, string> {
  const joined = new Map<string, string>();
  for (const [name, value] of shown) {
    const known = joined.get(name);
    joined.set(name, known === undefined ? value : `${known},${value}`);
  }
  return joined;
}

/** Bytes that came as latin1, as UTF-8 where they are that; what is not becomes `!`. */
export function utf8Text(latin1: string): string {
  if (!/[\x80-\xff]/.test(latin1)) return latin1;
  return Buffer.from(latin1, 'latin1').toString('utf8').replaceAll('\uFFFD', '!');
}
