// What a compressor does to the fields of a response that others rely on: entity tags and what caches vary by.
import type { Headers } from '@meltemi/wire';

/** A strong tag stands for bytes that the client does not get: it is weakened or goes. */
export function sanitiseTag(headers: Headers, weakens: boolean): void {
  const tag = headers.get('etag');
  if (tag === undefined || /^w\//i.test(tag)) return;
  if (weakens) headers.put('etag', `W/${tag}`);
  else headers.remove('etag');
}

const ACCEPT_ENCODING = 'Accept-Encoding';

/** Envoy looks for the name in this case only. */
export function varyByEncoding(headers: Headers): void {
  const vary = headers.get('vary');
  if (vary === undefined) return headers.append('vary', ACCEPT_ENCODING);
  if (vary.split(',').some((name) => name.trim() === ACCEPT_ENCODING)) return;
  headers.put('vary', `${vary}, ${ACCEPT_ENCODING}`);
}
