// Keeps web pages and rebound names away from the admin server: only who asks for an address or for localhost is answered.
import { isUnnamedHost } from './unnamed-host.ts';

export interface GuardedRequest {
  readonly method: string;
  /** Of the Host header; undefined when there is none. */
  readonly host: string | undefined;
  /** Of the Origin header, which browsers send with each POST. */
  readonly origin: string | undefined;
}

/** Why a request is refused, or undefined. */
export function refusal(request: GuardedRequest): string | undefined {
  if (!request.host || !isUnnamedHost(request.host)) return 'the Host header names a machine';
  if (request.method === 'GET' || request.origin === undefined) return undefined;
  return sameHost(request.origin, request.host) ? undefined : 'the request comes from another site';
}

function sameHost(origin: string, host: string): boolean {
  return URL.parse(origin)?.host === host.toLowerCase();
}
