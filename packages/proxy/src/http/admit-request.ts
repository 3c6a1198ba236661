// Brings a request into the form that is routed, or says why it can't be: target, path, host, header fields.
import { normaliseHost, normalisePath } from '@meltemi/decide';
import type { Headers, RequestHead } from '@meltemi/wire';
import type { HttpSettings } from './http-settings.ts';
import { BAD_PATH, BAD_TARGET, type LocalReply, OVERLOADED, UNDERSCORE_REFUSED } from './local-reply.ts';
import { admitRequestHeaders } from './request-headers.ts';
import { requestTarget } from './request-target.ts';
import type { StreamEntry } from './stream-entry.ts';
import type { StreamOwner } from './stream-owner.ts';

/** The path's normal form is another one, and the listener wants clients to ask for that. */
export interface NormalRedirect {
  readonly status: number;
  readonly location: string;
}

/** Fills the entry and changes the head's headers in place. Undefined: admitted. */
export function admitRequest(
  head: RequestHead,
  entry: StreamEntry,
  owner: StreamOwner,
): LocalReply | NormalRedirect | undefined {
  const { settings, dice, overload, stats } = owner.site;
  if (overload?.rejectsRequests) {
    stats.rqOverloadClose.increment();
    return OVERLOADED;
  }
  const target = requestTarget(head);
  if (!target) return BAD_TARGET;
  entry.authority = normalHost(target.authority, settings, owner.entry.local.port);
  entry.path = target.path;
  if (target.path !== '') {
    const normal = normalisePath(target.path, settings.path);
    if (normal.kind === 'reject') return BAD_PATH;
    if (normal.kind === 'redirect') return { status: normal.status, location: normal.path };
    entry.path = normal.path;
  }
  if (settings.underscores !== 'allow' && !admitUnderscores(head.headers, settings)) return UNDERSCORE_REFUSED;
  const origin = admitRequestHeaders(head.headers, owner.client, settings, dice);
  entry.trusted = origin.trusted;
  entry.remoteAddress = origin.remoteAddress;
  entry.scheme = origin.scheme;
  return undefined;
}

function normalHost(authority: string, { host }: HttpSettings, port: number): string {
  if (host.stripPort === 'none') return host.stripTrailingDot ? normaliseHost(authority) : authority;
  return normaliseHost(authority, { stripPort: host.stripPort === 'any' ? true : port });
}

/** `x_role` may be read as `x-role` by an application. False: refused. */
function admitUnderscores(headers: Headers, settings: HttpSettings): boolean {
  for (let index = headers.size - 1; index >= 0; index--) {
    if (index >= headers.size || !headers.nameAt(index).includes('_')) continue;
    if (settings.underscores === 'reject') return false;
    headers.remove(headers.nameAt(index));
  }
  return true;
}
