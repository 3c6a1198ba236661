// Keeps web pages and rebound names away from a server on this machine: only who asks for an address or for localhost is answered.
import { isIP } from 'node:net';

export interface GuardedRequest {
  readonly method: string;
  /** Of the Host header; undefined when there is none. */
  readonly host: string | undefined;
  /** Of the Origin header, which browsers send with each POST. */
  readonly origin: string | undefined;
}

/** Why a request is refused, or undefined. */
export function crossSiteRefusal(request: GuardedRequest): string | undefined {
  if (!request.host || !isUnnamedHost(request.host)) return 'the Host header names a machine';
  if (request.method === 'GET' || request.origin === undefined) return undefined;
  return sameHost(request.origin, request.host) ? undefined : 'the request comes from another site';
}

/** `host` or `host:port`, IPv6 in brackets, is no name that somebody's DNS could lead here. */
function isUnnamedHost(host: string): boolean {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  return name === 'localhost' || isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0;
}

function sameHost(origin: string, host: string): boolean {
  return URL.parse(origin)?.host === host.toLowerCase();
}
