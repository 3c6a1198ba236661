// Turns the header fields that a client sent into those that the mesh sends on: hop-by-hop and forged fields go, facts come.
import { isIP } from 'node:net';
import type { Dice } from '@meltemi/base';
import type { Headers } from '@meltemi/wire';
import { forwardClientCert } from './client-cert-header.ts';
import type { EdgeSettings, HttpSettings } from './http-settings.ts';
import { requestId } from './request-id.ts';

/** What the connection knows of its client. */
export interface ClientFacts {
  /** The address of the connection's other end, without port. */
  readonly ip: string;
  readonly secure: boolean;
  /** The port that it came to. */
  readonly localPort: number;
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
  'x-envoy-hedge-on-per-try-timeout',
]);

/** Sanitised only at the edge (use_remote_address): inside, they speak of the caller. */
const EDGE_FIELDS: ReadonlySet<string> = new Set([
  'x-envoy-decorator-operation',
  'x-envoy-downstream-service-cluster',
  'x-envoy-downstream-service-node',
  'x-envoy-external-address',
  'x-envoy-original-path',
  'x-envoy-original-host',
]);

/** Changes the headers in place. An upgrade loses its fields too: who allows it puts them back. */
export function admitRequestHeaders(
  headers: Headers,
  client: ClientFacts,
  settings: HttpSettings,
  dice: Dice,
): RequestOrigin {
  const edge = settings.edge.useRemoteAddress;
  const forwarded = forwardedFor(headers, settings.edge);
  const remoteAddress = forwarded ?? client.ip;
  const direct = edge ? !headers.has('x-forwarded-for') : forwarded !== undefined && isAlone(headers);
  const trusted = direct && settings.edge.isInternal(remoteAddress);
  removeFields(headers, trusted, edge);
  if (edge) appendForwardedFor(headers, client.ip, settings);
  const scheme = forwardedProto(headers, client, settings);
  if (settings.edge.appendPort) forwardedPort(headers, client, settings.edge);
  forwardClientCert(headers, client.certEntry, settings.clientCert.mode, client.secure);
  setRequestId(headers, edge && !trusted, settings, dice);
  if (trusted) headers.put('x-envoy-internal', 'true');
  else if (edge) headers.put('x-envoy-external-address', remoteAddress);
  if (settings.edge.via) headers.add('via', settings.edge.via);
  return { trusted, remoteAddress, scheme };
}

/** One pass over the names: most requests have none of these but `connection`. */
function removeFields(headers: Headers, trusted: boolean, edge: boolean): void {
  removeNominated(headers);
  let saysTe = false;
  for (let index = headers.size - 1; index >= 0; index--) {
    // Several of a name go at once.
    if (index >= headers.size) continue;
    const name = headers.nameAt(index);
    if (HOP_BY_HOP.has(name)) headers.remove(name);
    else if (name.startsWith('x-') && isForged(name, trusted, edge)) headers.remove(name);
    else if (name === 'te') saysTe = true;
  }
  if (saysTe) keepTrailers(headers);
}

/** Of the transfer codings that the client takes only trailers are for us to promise. */
function keepTrailers(headers: Headers): void {
  if (headers.get('te') === 'trailers') return;
  const codings = headers.getAll('te').flatMap((value) => value.split(','));
  if (codings.some((coding) => coding.trim().toLowerCase() === 'trailers')) headers.set('te', 'trailers');
  else headers.remove('te');
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

/** The address that the farthest trusted proxy saw: at the edge nobody is trusted by itself. */
function forwardedFor(headers: Headers, { useRemoteAddress, trustedHops }: HttpSettings['edge']): string | undefined {
  const hops = useRemoteAddress ? trustedHops - 1 : trustedHops;
  if (hops < 0) return undefined;
  const list = headers.get('x-forwarded-for')?.split(',');
  const address = list?.[list.length - 1 - hops]?.trim();
  return address !== undefined && isIP(address) !== 0 ? address : undefined;
}

/** Who came through other proxies is not of the inside, whatever the last one's address. */
function isAlone(headers: Headers): boolean {
  return headers.get('x-forwarded-for')?.includes(',') === false;
}

function appendForwardedFor(headers: Headers, ip: string, settings: HttpSettings): void {
  if (settings.edge.skipXffAppend) return;
  const before = headers.get('x-forwarded-for');
  headers.set('x-forwarded-for', before ? `${before},${ip}` : ip);
}

function forwardedProto(headers: Headers, client: ClientFacts, settings: HttpSettings): string {
  const own = client.secure ? 'https' : 'http';
  const said = headers.get('x-forwarded-proto');
  if (said !== undefined && believesProxies(settings.edge)) return said === 'https' ? 'https' : 'http';
  headers.put('x-forwarded-proto', own);
  return own;
}

function forwardedPort(headers: Headers, client: ClientFacts, edge: EdgeSettings): void {
  if (believesProxies(edge) && headers.has('x-forwarded-port')) return;
  headers.put('x-forwarded-port', String(client.localPort));
}

/** What a proxy before this one said of the client counts. */
function believesProxies({ useRemoteAddress, trustedHops }: EdgeSettings): boolean {
  return !useRemoteAddress || trustedHops > 0;
}

function setRequestId(headers: Headers, fromOutside: boolean, settings: HttpSettings, dice: Dice): void {
  if (!settings.requestId.generate) return;
  const replace = fromOutside && !settings.requestId.preserveExternal;
  if (replace || !headers.has('x-request-id')) headers.put('x-request-id', requestId(dice));
}
