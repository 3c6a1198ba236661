// Turns the header fields that a client sent into those that the mesh sends on: hop-by-hop and forged fields go, facts come.
import type { Dice } from '@meltemi/base';
import type { Headers } from '@meltemi/wire';
import { forwardClientCert } from './client-cert-header.ts';
import type { HttpSettings } from './http-settings.ts';
import { requestId } from './request-id.ts';

/** What the connection knows of its client. */
export interface ClientFacts {
  /** The address of the connection's other end, without port. */
  readonly ip: string;
  readonly secure: boolean;
  /** The client's entry for `x-forwarded-client-cert`; undefined when it showed no certificate. */
  readonly certEntry: string | undefined;
}

/** Who the request comes from, as far as the settings trust what it says. */
export interface RequestOrigin {
  /** `x-envoy-*` control fields count. */
  readonly trusted: boolean;
  readonly remoteAddress: string;
  readonly scheme: string;
}

const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/header_sanitizing */
const CONTROL_FIELDS: ReadonlySet<string> = new Set([
  'x-envoy-retriable-status-codes',
  'x-envoy-retriable-header-names',
  'x-envoy-retry-on',
  'x-envoy-retry-grpc-on',
  'x-envoy-max-retries',
  'x-envoy-upstream-alt-stat-name',
  'x-envoy-upstream-rq-timeout-alt-response',
  'x-envoy-upstream-rq-timeout-ms',
  'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-upstream-stream-duration-ms',
  'x-envoy-expected-rq-timeout-ms',
  'x-envoy-force-trace',
  'x-envoy-ip-tags',
  'x-envoy-original-url',
  'x-envoy-original-path',
  'x-envoy-original-host',
  'x-envoy-hedge-on-per-try-timeout',
  'x-envoy-is-timeout-retry',
]);

/** Sanitised only at the edge (use_remote_address): inside, they speak of the caller. */
const EDGE_FIELDS: ReadonlySet<string> = new Set([
  'x-envoy-decorator-operation',
  'x-envoy-downstream-service-cluster',
  'x-envoy-downstream-service-node',
  'x-envoy-external-address',
]);

/** Changes the headers in place. An upgrade loses its fields too: who allows it puts them back. */
export function admitRequestHeaders(
  headers: Headers,
  client: ClientFacts,
  settings: HttpSettings,
  dice: Dice,
): RequestOrigin {
  const edge = settings.edge.useRemoteAddress;
  const trusted = settings.edge.isInternal(client.ip);
  removeFields(headers, trusted, edge);
  const remoteAddress = edge ? client.ip : (forwardedFor(headers, settings.edge.trustedHops) ?? client.ip);
  if (edge) appendForwardedFor(headers, client.ip, settings);
  const scheme = forwardedProto(headers, client, settings);
  forwardClientCert(headers, client.certEntry, settings.clientCert.mode, client.secure);
  setRequestId(headers, edge && !trusted, settings, dice);
  if (trusted) headers.put('x-envoy-internal', 'true');
  if (settings.edge.via) headers.add('via', settings.edge.via);
  return { trusted, remoteAddress, scheme };
}

/** One pass over the names: most requests have none of these but `connection`. */
function removeFields(headers: Headers, trusted: boolean, edge: boolean): void {
  removeNominated(headers);
  for (let index = headers.size - 1; index >= 0; index--) {
    const name = headers.names[index];
    if (name === undefined) continue;
    if (HOP_BY_HOP.has(name)) headers.remove(name);
    else if (name.startsWith('x-') && isForged(name, trusted, edge)) headers.remove(name);
    else if (name === 'te' && headers.get('te') !== 'trailers') headers.remove(name);
  }
}

function isForged(name: string, trusted: boolean, edge: boolean): boolean {
  if (name === 'x-envoy-internal') return true;
  if (trusted) return false;
  return CONTROL_FIELDS.has(name) || (edge && EDGE_FIELDS.has(name));
}

/** RFC 9110 §7.6.1: what `connection` names concerns this hop only. */
function removeNominated(headers: Headers): void {
  const connection = headers.get('connection');
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return;
  for (const token of connection.split(',')) {
    const name = token.trim().toLowerCase();
    if (name !== '' && name !== 'te') headers.remove(name);
  }
}

/** The address that the nearest trusted proxy saw: the last but `hops` of x-forwarded-for. */
function forwardedFor(headers: Headers, hops: number): string | undefined {
  const list = headers.get('x-forwarded-for')?.split(',');
  return list?.[list.length - 1 - hops]?.trim() || undefined;
}

function appendForwardedFor(headers: Headers, ip: string, settings: HttpSettings): void {
  if (settings.edge.skipXffAppend) return;
  const before = headers.get('x-forwarded-for');
  headers.set('x-forwarded-for', before ? `${before},${ip}` : ip);
}

function forwardedProto(headers: Headers, client: ClientFacts, settings: HttpSettings): string {
  const own = client.secure ? 'https' : 'http';
  const said = headers.get('x-forwarded-proto');
  const believed = !settings.edge.useRemoteAddress || settings.edge.trustedHops > 0;
  if (said !== undefined && believed) return said === 'https' ? 'https' : 'http';
  headers.put('x-forwarded-proto', own);
  return own;
}

function setRequestId(headers: Headers, fromOutside: boolean, settings: HttpSettings, dice: Dice): void {
  if (!settings.requestId.generate) return;
  const replace = fromOutside && !settings.requestId.preserveExternal;
  if (replace || !headers.has('x-request-id')) headers.put('x-request-id', requestId(dice));
}
