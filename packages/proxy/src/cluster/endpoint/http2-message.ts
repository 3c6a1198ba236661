// A request for an upstream → the fields of an HTTP/2 request, and an HTTP/2 response → the head that all of the proxy knows (RFC 9113 §8.3).
import { CHUNKED, Headers, type RequestPseudo, type ResponseHead } from '@meltemi/wire';
import type { UpstreamRequest } from '../cluster.ts';

export interface Http2RequestHead {
  readonly pseudo: RequestPseudo;
  readonly headers: Headers;
  /** No body follows. */
  readonly endStream: boolean;
}

/** What belongs to one HTTP/1.1 connection, and `host`, which `:authority` replaces (RFC 9113 §8.2.2). */
const NOT_IN_HTTP2: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

const SPACE = 32;

/** The request stays as it is: another try may need it. */
export function http2Request(request: UpstreamRequest, secure: boolean): Http2RequestHead {
  const { method, target, bodyLength } = request;
  const authority = request.headers.get('host') ?? '';
  const scheme = schemeOf(request.headers.get('x-forwarded-proto'), secure);
  if (request.upgrade) return switchRequest(request, scheme, authority);
  const pseudo = { kind: 'request', method, scheme, authority, path: target } as const;
  return { pseudo, headers: requestFields(request), endStream: bodyLength === 0 };
}

/** What a client says of it may be anything. */
function schemeOf(said: string | undefined, secure: boolean): string {
  if (said === 'https' || said === 'http') return said;
  return secure ? 'https' : 'http';
}

/** RFC 8441: what HTTP/1.1 asks by `upgrade` is a CONNECT with a protocol. A CONNECT stays one. */
function switchRequest(request: UpstreamRequest, scheme: string, authority: string): Http2RequestHead {
  const protocol = request.headers.get('upgrade');
  const pseudo: RequestPseudo =
    protocol === undefined
      ? { kind: 'request', method: 'CONNECT', scheme: undefined, authority: request.target, path: undefined }
      : { kind: 'request', method: 'CONNECT', scheme, authority, path: request.target, protocol };
  return { pseudo, headers: requestFields({ ...request, bodyLength: CHUNKED }), endStream: false };
}

/** The answer to a request to switch: 200 where HTTP/1.1 says 101, but for CONNECT (`method`). */
export function switchedHead(method: string, status: number, headers: Headers, endStream: boolean): ResponseHead {
  const head = responseHead(status, headers, endStream);
  if (status !== 200 || endStream) return head;
  return { ...head, status: method === 'CONNECT' ? 200 : 101, upgrade: true };
}

function requestFields({ headers, bodyLength }: UpstreamRequest): Headers {
  const fields = new Headers();
  for (let index = 0; index < headers.size; index++) {
    const name = headers.nameAt(index);
    if (!NOT_IN_HTTP2.has(name)) fields.append(name, trimmed(headers.valueAt(index)));
  }
  if (fields.get('te') !== 'trailers') fields.remove('te');
  if (bodyLength === CHUNKED) fields.remove('content-length');
  else if (bodyLength > 0) fields.put('content-length', String(bodyLength));
  return fields;
}

/** White space around a value, which HTTP/1.1 ignores, is not allowed here. */
function trimmed(value: string): string {
  return value.charCodeAt(0) <= SPACE || value.charCodeAt(value.length - 1) <= SPACE ? value.trim() : value;
}

/** A body of length 0 that doesn't end with the head may have trailers: it counts as one without a length. */
export function responseHead(status: number, headers: Headers, endStream: boolean): ResponseHead {
  const length = Number(headers.get('content-length') ?? CHUNKED);
  const bodyLength = endStream ? 0 : length > 0 ? length : CHUNKED;
  return { status, reason: '', version: 11, headers, bodyLength, keepAlive: true, upgrade: false };
}
