// The protocol between two sidecars of our kind: the ALPN name by which two sidecars of our kind agree to carry HTTP/1.1 requests as streams of one HTTP/2 connection, and its limits.

import type { Http2Limits } from '@meltemi/wire';

/**
 * Offered before all others where HTTP/1.1 would be spoken and the client shows a certificate; no other program answers
 * to it. Who agreed to it takes each stream for a request of HTTP/1.1: nothing in the stream says so.
 */
export const MULTIPLEXED = 'meltemi-h2';

/** Requests that time out are reset; with HTTP/1.1 each would end a connection of its own, and no other request. */
const MAX_RESETS = 2000;
/** What a head of HTTP/2 has beyond one of HTTP/1.1: its pseudo-header fields, and what each field counts for. */
const PSEUDO_FIELDS = 5;
const FIELD_BYTES = 34;

/** `limits`: those of HTTP/1.1 heads. What they let pass is let pass here, in as many fields as it had. */
export function multiplexedLimits<L extends Pick<Http2Limits, 'maxHeadBytes' | 'maxHeaders'>>(limits: L): L {
  const maxHeaders = limits.maxHeaders + PSEUDO_FIELDS;
  const maxHeadBytes = limits.maxHeadBytes + maxHeaders * FIELD_BYTES;
  return { ...limits, maxHeaders, maxHeadBytes, maxResets: MAX_RESETS, joinsCookies: false };
}
