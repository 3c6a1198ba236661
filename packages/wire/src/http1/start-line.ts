// Request line and status line → their parts (RFC 9112 §3, §4).
import { isAuthority, isHostAndPort } from './authority.ts';
import type { Http1Version } from './head.ts';
import { Http1Error } from './http1-error.ts';
import { CR, LF, SP } from './octets.ts';

/** The methods that Envoy takes by default, and QUERY. */
const methods = new Map(
  `GET POST PUT DELETE HEAD OPTIONS PATCH CONNECT TRACE ACL BIND CHECKOUT COPY LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL
  MOVE M-SEARCH NOTIFY PROPFIND PROPPATCH PURGE QUERY REBIND REPORT SEARCH SOURCE SUBSCRIBE UNBIND UNLINK UNLOCK
  UNSUBSCRIBE`
    .split(/\s+/)
    .map((method) => [method, method]),
);

const absoluteForm = /^[A-Za-z][A-Za-z0-9+.-]{0,15}:\/\/([^/?#]*)/;
/** Of `HTTP/1.1`. */
const versionLength = 8;

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

const statusLine = /^HTTP\/1\.([01]) ([1-9][0-9]{2})(?: ([\t\x20-\x7e\x80-\xff]*))?\r\n/;

/** Reads the status line that `text` begins with; `start` is its offset in the bytes. */
export function parseStatusLine(text: string, start: number): StatusLine {
  const match = statusLine.exec(text);
  if (!match) throw new Http1Error('BAD_STATUS_LINE', 502, 'not an HTTP/1.x status line');
  return {
    status: Number(match[2]),
    reason: match[3] ?? '',
    version: match[1] === '1' ? 11 : 10,
    end: start + match[0].length,
  };
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
