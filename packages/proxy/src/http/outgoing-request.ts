// Turns an admitted request and its route into what goes to the upstream.
import { applyHeaderChanges, type RouteDecision } from '@meltemi/decide';
import type { RequestHead } from '@meltemi/wire';
import type { HttpFilters } from './http-filters.ts';
import type { OutgoingRequest } from './routed-stream.ts';
import type { StreamEntry } from './stream-entry.ts';

/** Changes the head's headers in place. `upgrade`: the protocol to switch to, allowed already. */
export function outgoingRequest(
  head: RequestHead,
  entry: StreamEntry,
  decision: RouteDecision,
  filters: HttpFilters,
  upgrade: string | undefined,
): OutgoingRequest {
  const { headers } = head;
  if (decision.requestHeaders.length > 0) applyHeaderChanges(decision.requestHeaders, headers, entry);
  if (decision.appendForwardedHost && decision.authority !== entry.authority) {
    headers.add('x-forwarded-host', entry.authority);
  }
  if (headers.get('host') !== decision.authority) headers.set('host', decision.authority);
  if (!filters.suppressEnvoyHeaders) addEnvoyFields(head, entry, decision);
  if (upgrade !== undefined) {
    headers.append('connection', 'upgrade');
    headers.append('upgrade', upgrade);
  }
  entry.path = decision.path;
  return {
    method: entry.method,
    target: decision.path,
    headers,
    bodyLength: head.bodyLength,
    upgrade: upgrade !== undefined,
    includeAttemptCount: decision.includeAttemptCount,
  };
}

function addEnvoyFields(head: RequestHead, entry: StreamEntry, decision: RouteDecision): void {
  const perTry = decision.retry?.perTryTimeoutMs ?? 0;
  const expected = perTry > 0 ? Math.min(perTry, decision.timeoutMs || perTry) : decision.timeoutMs;
  if (expected > 0) head.headers.put('x-envoy-expected-rq-timeout-ms', String(Math.round(expected)));
  if (decision.path !== entry.path) head.headers.set('x-envoy-original-path', entry.path);
}
