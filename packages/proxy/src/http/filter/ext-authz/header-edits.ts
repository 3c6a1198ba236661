// Does to headers, query and body what an authorization server asks for, or finds that it can't be done.
import type { Headers } from '@meltemi/wire';
import { QueryParams } from '../../query-params.ts';
import type { StreamEntry } from '../../stream-entry.ts';
import type { Allowed, HeaderEdit } from './authz-verdict.ts';

const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const NO_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
const PSEUDO = new Set([':method', ':path', ':authority', ':scheme', 'host']);

/** Names and values are such as a message can hold. Removals of what is no name do no harm. */
export function areSendable(edits: readonly Pick<HeaderEdit, 'name' | 'value'>[], isRequest: boolean): boolean {
  return edits.every(
    ({ name, value }) =>
      !NO_VALUE.test(value) && (NAME.test(name) || (isRequest && PSEUDO.has(name.toLowerCase()) && value !== '')),
  );
}

/** None has a character that a query would have in another meaning; Envoy refuses escapes as well. */
export function areEncoded(parameters: readonly (readonly [string, string])[]): boolean {
  return parameters.flat().every((text) => /^[A-Za-z0-9*._-]*$/.test(text));
}

/** More than by further fields: it may lead elsewhere. */
export function changesRequest({ request, removedHeaders, setParameters, removedParameters }: Allowed): boolean {
  const changesHeaders = request.some(({ kind }) => kind !== 'add') || removedHeaders.length > 0;
  return changesHeaders || setParameters.length > 0 || removedParameters.length > 0;
}

export function editHeaders(edits: readonly HeaderEdit[], headers: Headers): void {
  for (const { name, value, kind } of edits) editHeader(headers, name.toLowerCase(), value, kind);
}

/** True: method, authority or path are other ones now. */
export function editRequest(verdict: Allowed, entry: StreamEntry): boolean {
  const { path, authority, method, headers } = entry;
  for (const { name, value, kind } of verdict.request) {
    const field = name.toLowerCase();
    if (PSEUDO.has(field)) setPseudo(entry, field, value);
    else editHeader(headers, field, value, kind);
  }
  for (const name of verdict.removedHeaders) {
    const field = name.toLowerCase();
    if (!field.startsWith(':') && field !== 'host') headers.remove(field);
  }
  editQuery(verdict, entry);
  return entry.path !== path || entry.authority !== authority || entry.method !== method;
}

function editHeader(headers: Headers, name: string, value: string, kind: HeaderEdit['kind']): void {
  const known = headers.get(name);
  switch (kind) {
    case 'set':
      return headers.set(name, value);
    case 'add':
      return headers.add(name, value);
    case 'join':
      return known === undefined ? undefined : joinTo(headers, name, value);
    case 'add-if-absent':
      return known === undefined ? headers.add(name, value) : undefined;
    case 'replace':
      return known === undefined ? undefined : headers.set(name, value);
  }
}

/** To the first of several values. */
function joinTo(headers: Headers, name: string, value: string): void {
  const [first = '', ...others] = headers.getAll(name);
  headers.set(name, first === '' ? value : `${first},${value}`);
  for (const other of others) headers.add(name, other);
}

function setPseudo(entry: StreamEntry, name: string, value: string): void {
  switch (name) {
    case ':method':
      entry.method = value;
      break;
    case ':path':
      entry.path = value;
      break;
    case ':scheme':
      entry.scheme = value;
      break;
    default:
      entry.authority = value;
      entry.headers.set('host', value);
  }
}

function editQuery({ setParameters, removedParameters }: Allowed, entry: StreamEntry): void {
  if (setParameters.length === 0 && removedParameters.length === 0) return;
  const params = new QueryParams(entry.path, false);
  for (const [name, value] of setParameters) params.set(name, value);
  for (const name of removedParameters) params.remove(name);
  entry.path = params.write();
}
