// Turns an admitted request and its route into what goes to the upstream.
import { applyHeaderChanges, CONTROL_HEADERS, type RouteDecision } from '@meltemi/decide';
import type { RequestHead } from '@meltemi/wire';
import type { HttpFilters } from './http-filters.ts';
import type { OutgoingRequest } from './routed-stream.ts';
import type { StreamEntry } from './stream-entry.ts';
import { setTimeoutHeaders } from './timeout-headers.ts';

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
  if (decision.originalHost !== undefined) {
    if (decision.appendForwardedHost) headers.add('x-forwarded-host', decision.originalHost);
    headers.set('x-envoy-original-host', decision.originalHost);
  }
  if (headers.get('host') !== decision.authority) headers.set('host', decision.authority);
  if (decision.originalPath !== undefined && !filters.suppressEnvoyHeaders) {
    headers.set('x-envoy-original-path', decision.originalPath);
  }
  setTimeoutHeaders(headers, decision, 0, !filters.suppressEnvoyHeaders);
  if (entry.trusted) for (const name of CONTROL_HEADERS) headers.remove(name);
  const connects = upgrade === 'CONNECT';
  if (upgrade !== undefined && !connects) {
    headers.append('connection', 'upgrade');
    headers.append('upgrade', upgrade);
  }
  entry.path = decision.path;
  return {
    method: entry.method,
    target: connects ? decision.authority : decision.path,
    headers,
    bodyLength: head.bodyLength,
    upgrade: upgrade !== undefined,
    includeAttemptCount: decision.includeAttemptCount,
  };
}
