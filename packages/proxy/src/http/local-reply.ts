// Makes the head of an answer that the proxy gives itself.
import { STATUS_CODES } from 'node:http';
import { Headers } from '@meltemi/wire';

/** `body` is latin1; without one, there is no content type either. */
export function localReplyHeaders(body: string, contentType: string): Headers {
  const headers = new Headers();
  headers.append('content-length', String(body.length));
  if (contentType !== '' && (body !== '' || contentType !== 'text/plain')) headers.append('content-type', contentType);
  return headers;
}

export function reasonPhrase(status: number): string {
  return STATUS_CODES[status] ?? 'Unknown';
}
