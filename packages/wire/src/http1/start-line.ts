// Request line and status line → their parts (RFC 9112 §3, §4).
import { isAuthority, isHostAndPort } from './authority.ts';
import type { Http1Version } from './head.ts';
import { Http1Error } from './http1-error.ts';
import { CR, fieldValueOctet, LF, SP } from './octets.ts';

/** The methods that Envoy takes by default, and QUERY. */
const methods = new Map(
  `GET POST PUT DELETE HEAD OPTIONS PATCH CONNECT TRACE ACL BIND CHECKOUT COPY LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL
  MOVE M-SEARCH NOTIFY PROPFIND PROPPATCH PURGE QUERY REBIND REPORT SEARCH SOURCE SUBSCRIBE UNBIND UNLINK UNLOCK
  UNSUBSCRIBE`
    .split(/\s+/)
    .map((method) => [method, method]),
);

const absoluteForm = /^[A-Za-z]{1,16}:\/\/([^/?#]*)(?:[/?]|$)/;
/** Of `HTTP/1.1`. */
const versionLength = 8;
const ZERO = 48;

export interface RequestLine {
  readonly method: string;
  readonly target: string;
  readonly version: Http1Version;
  /** Offset of the line that follows. */
  readonly end: number;
}

/** Reads the line at `bytes[start]`; `text` is latin1 of the bytes from `start`. */
export function parseRequestLine(bytes: Uint8Array, start: number, text: string): RequestLine {
  let pos = start;
  while (bytes[pos]! > SP) pos++;
  if (bytes[pos] !== SP) throw badLine(bytes[pos]!);
  const method = methods.get(text.slice(0, pos - start));
  if (method === undefined) throw new Http1Error('BAD_METHOD', 400, 'unknown method');

  const targetStart = ++pos;
  while (bytes[pos]! > SP && bytes[pos]! < 127) pos++;
  if (bytes[pos] !== SP || pos === targetStart) throw badLine(bytes[pos]!);
  const target = text.slice(targetStart - start, pos - start);
  checkTarget(method, target);

  const version = parseVersion(text, pos + 1 - start);
  pos += 1 + versionLength;
  if (bytes[pos] !== CR || bytes[pos + 1] !== LF) throw badLine(bytes[pos]!);
  return { method, target, version, end: pos + 2 };
}

export interface StatusLine {
  readonly status: number;
  readonly reason: string;
  readonly version: Http1Version;
  readonly end: number;
}

/** Reads the line at `bytes[start]`; `text` is latin1 of the bytes from `start`. */
export function parseStatusLine(bytes: Uint8Array, start: number, text: string): StatusLine {
  const version = text.startsWith('HTTP/1.1 ') ? 11 : text.startsWith('HTTP/1.0 ') ? 10 : undefined;
  const digits = start + versionLength + 1;
  const status = statusAt(bytes, digits);
  if (version === undefined || status < 100) throw badStatusLine();
  let pos = digits + 3;
  // A server may leave out the space along with the reason.
  if (bytes[pos] === SP) pos++;
  else if (bytes[pos] !== CR) throw badStatusLine();
  const reasonStart = pos;
  while (fieldValueOctet[bytes[pos]!] === 1) pos++;
  if (bytes[pos] !== CR || bytes[pos + 1] !== LF) throw badStatusLine();
  return { status, reason: text.slice(reasonStart - start, pos - start), version, end: pos + 2 };
}

/** The number of three digits; less than 100 where there is none. */
function statusAt(bytes: Uint8Array, at: number): number {
  let status = 0;
  for (let i = at; i < at + 3; i++) {
    const digit = bytes[i]! - ZERO;
    if (!(digit >= 0 && digit <= 9)) return 0;
    status = status * 10 + digit;
  }
  return status;
}

export function badStatusLine(): Http1Error {
  return new Http1Error('BAD_STATUS_LINE', 502, 'not an HTTP/1.x status line');
}

function checkTarget(method: string, target: string): void {
  if (method === 'CONNECT') {
    if (!isHostAndPort(target)) throw new Http1Error('BAD_TARGET', 400, 'CONNECT needs host:port');
    return;
  }
  if (target.charCodeAt(0) === 47 /* / */) return;
  if (target === '*' && method === 'OPTIONS') return;
  const authority = absoluteForm.exec(target)?.[1];
  if (authority === undefined || !isAuthority(authority)) {
    throw new Http1Error('BAD_TARGET', 400, 'the target is neither a path nor an absolute URI');
  }
}

function parseVersion(text: string, at: number): Http1Version {
  if (text.startsWith('HTTP/1.1', at)) return 11;
  if (text.startsWith('HTTP/1.0', at)) return 10;
  const version = text.slice(at, at + versionLength);
  if (/^HTTP\/[0-9]\.[0-9]$/.test(version)) throw new Http1Error('BAD_VERSION', 505, `version ${version}`);
  throw new Http1Error('BAD_REQUEST_LINE', 400, 'the request line does not end in an HTTP version');
}

function badLine(byte: number): Http1Error {
  return byte === LF || byte === CR
    ? new Http1Error('BAD_REQUEST_LINE', 400, 'the request line is not METHOD SP TARGET SP VERSION CRLF')
    : new Http1Error('BAD_REQUEST_LINE', 400, `byte 0x${byte.toString(16)} in the request line`);
}
