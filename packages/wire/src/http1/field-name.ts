// Bytes of a field name → its string; for the common names one that exists already.
import { lowerToken } from './octets.ts';

/** What a field does to its message's framing or connection. */
export const fieldRole = {
  none: 0,
  host: 1,
  contentLength: 2,
  transferEncoding: 3,
  connection: 4,
  upgrade: 5,
  expect: 6,
} as const;
export type FieldRole = (typeof fieldRole)[keyof typeof fieldRole];

export interface KnownName {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly role: FieldRole;
  readonly hash: number;
  readonly next: KnownName | undefined;
}

const roles: Readonly<Record<string, FieldRole>> = {
  host: fieldRole.host,
  'content-length': fieldRole.contentLength,
  'transfer-encoding': fieldRole.transferEncoding,
  connection: fieldRole.connection,
  upgrade: fieldRole.upgrade,
  expect: fieldRole.expect,
};

const commonNames =
  `accept accept-charset accept-encoding accept-language accept-ranges access-control-allow-credentials
access-control-allow-headers access-control-allow-methods access-control-allow-origin access-control-expose-headers
access-control-max-age access-control-request-headers access-control-request-method age allow authorization b3
cache-control connection content-disposition content-encoding content-language content-length content-location
content-range content-security-policy content-type cookie date dnt end-user etag expect expires forwarded from host
if-match if-modified-since if-none-match if-range if-unmodified-since keep-alive last-modified link location
max-forwards origin pragma proxy-authenticate proxy-authorization range referer retry-after sec-fetch-dest
sec-fetch-mode sec-fetch-site sec-fetch-user sec-websocket-accept sec-websocket-extensions sec-websocket-key
sec-websocket-protocol sec-websocket-version server set-cookie strict-transport-security te trace-id traceparent
tracestate trailer transfer-encoding upgrade upgrade-insecure-requests user-agent vary via www-authenticate
x-b3-flags x-b3-parentspanid x-b3-sampled x-b3-spanid x-b3-traceid x-cloud-trace-context x-content-type-options
x-envoy-attempt-count x-envoy-decorator-operation x-envoy-expected-rq-timeout-ms x-envoy-external-address
x-envoy-internal x-envoy-max-retries x-envoy-original-path x-envoy-peer-metadata x-envoy-peer-metadata-id
x-envoy-retry-on x-envoy-upstream-rq-timeout-ms x-envoy-upstream-service-time x-forwarded-client-cert
x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-proto x-frame-options x-ot-span-context x-powered-by
x-real-ip x-request-id x-requested-with x-xss-protection`.split(/\s+/);

const slots = 512;
const table = buildTable();

/** Step of the hash that `knownName` looks up: over lower-case bytes, from 0. */
export function hashStep(hash: number, lowerByte: number): number {
  return (Math.imul(hash, 31) + lowerByte) | 0;
}

/** The common name that stands, in any case, in `bytes[start, end)`. The bytes are compared: a hash alone could be made up. */
export function knownName(hash: number, bytes: Uint8Array, start: number, end: number): KnownName | undefined {
  let entry = table[hash & (slots - 1)];
  while (entry && !(entry.hash === hash && sameName(entry.bytes, bytes, start, end))) entry = entry.next;
  return entry;
}

function sameName(name: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let i = 0; i < name.length; i++) {
    if (name[i] !== lowerToken[bytes[start + i]!]) return false;
  }
  return true;
}

function buildTable(): (KnownName | undefined)[] {
  const table: (KnownName | undefined)[] = Array.from({ length: slots });
  for (const name of commonNames) {
    let hash = 0;
    for (let i = 0; i < name.length; i++) hash = hashStep(hash, name.charCodeAt(i));
    const slot = hash & (slots - 1);
    table[slot] = {
      name,
      bytes: Buffer.from(name, 'latin1'),
      role: roles[name] ?? fieldRole.none,
      hash,
      next: table[slot],
    };
  }
  return table;
}
