// Turns a request for an upstream into its head's text, with exactly one framing: a length, or chunks.
import { CHUNKED, encodeRequestHead, type FieldSpelling } from '@meltemi/wire';
import type { UpstreamRequest } from '../cluster.ts';

/** Sets the framing fields in the request's headers and encodes them. `spelling`: of names that the client didn't spell. Throws Http1Error for a method or target that can't be sent. */
export function requestHead(request: UpstreamRequest, spelling: FieldSpelling | undefined): string {
  const { headers, bodyLength } = request;
  if (bodyLength === CHUNKED) {
    headers.remove('content-length');
    headers.set('transfer-encoding', 'chunked');
  } else {
    headers.remove('transfer-encoding');
    if (bodyLength > 0 || impliesBody(request.method)) headers.set('content-length', String(bodyLength));
    else headers.remove('content-length');
  }
  return encodeRequestHead(request.method, request.target, headers, spelling);
}

/** RFC 9110 §8.6: methods that mean a body say its length even when it is 0; as in Envoy, all do that don't exclude one. */
function impliesBody(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD' && method !== 'DELETE' && method !== 'CONNECT' && method !== 'TRACE';
}
