// The answers that the proxy gives itself: their head, and those that are always the same, in Envoy's words.
import { Headers, type Http1Error } from '@meltemi/wire';

// Not imported: an ES import of node:http makes Node load its fetch too (5 MB).
const { STATUS_CODES } = process.getBuiltinModule('node:http');

export interface LocalReply {
  readonly status: number;
  readonly body: string;
  /** A response flag of the access log; empty: none. */
  readonly flag: string;
  /** RESPONSE_CODE_DETAILS. */
  readonly details: string;
}

export const NOT_FOUND: LocalReply = { status: 404, body: '', flag: 'NR', details: 'route_not_found' };
/** Sent as long as the overload manager says so. */
export const OVERLOADED: LocalReply = { status: 503, body: 'envoy overloaded', flag: 'OM', details: 'overload' };
export const BAD_TARGET: LocalReply = { status: 400, body: 'Bad Request', flag: 'DPE', details: 'bad_request_target' };
export const BAD_PATH: LocalReply = { status: 400, body: '', flag: '', details: 'path_normalization_failed' };
/** CONNECT, and upgrades that neither the route nor the listener allows. */
export const UPGRADE_REFUSED: LocalReply = { status: 403, body: '', flag: '', details: 'upgrade_failed' };
/** By access rules; the details name the policy. */
export const ACCESS_DENIED: LocalReply = { status: 403, body: 'RBAC: access denied', flag: '', details: '' };
export const UNDERSCORE_REFUSED: LocalReply = {
  status: 400,
  body: '',
  flag: '',
  details: 'http1.unexpected_underscore',
};
export const HEADERS_TIMEOUT: LocalReply = {
  status: 408,
  body: 'request header timeout',
  flag: '',
  details: 'request_header_timeout',
};
export const REQUEST_TIMEOUT: LocalReply = {
  status: 408,
  body: 'request timeout',
  flag: '',
  details: 'request_overall_timeout',
};
export const STREAM_TIMEOUT: LocalReply = {
  status: 504,
  body: 'stream timeout',
  flag: 'SI',
  details: 'stream_idle_timeout',
};
export const HEAD_TOO_LARGE: LocalReply = {
  status: 431,
  body: 'Request Header Fields Too Large',
  flag: 'DPE',
  details: 'http2.too_many_headers',
};
/** A filter wants the request whole, and it is longer than the filter keeps. */
export const PAYLOAD_TOO_LARGE: LocalReply = {
  status: 413,
  body: 'Payload Too Large',
  flag: '',
  details: 'request_payload_too_large',
};
export const INTERNAL_ERROR: LocalReply = { status: 500, body: '', flag: '', details: 'internal_error' };
export const FAULT_ABORT: LocalReply = {
  status: 503,
  body: 'fault filter abort',
  flag: 'FI',
  details: 'fault_filter_abort',
};

/** `body` is latin1; without one, there is no content type either. */
export function localReplyHeaders(body: string, contentType: string): Headers {
  const headers = new Headers();
  // Who frames the answer says a length of 0, where the protocol needs it.
  if (body !== '') headers.append('content-length', String(body.length));
  if (contentType !== '' && (body !== '' || contentType !== 'text/plain')) headers.append('content-type', contentType);
  return headers;
}

export function reasonPhrase(status: number): string {
  return STATUS_CODES[status] ?? 'Unknown';
}

/** To what is no HTTP. */
export function malformedReply(error: Http1Error): LocalReply {
  const details = `http1.codec_error.${error.code.toLowerCase()}`;
  return { status: error.status, body: reasonPhrase(error.status), flag: 'DPE', details };
}
