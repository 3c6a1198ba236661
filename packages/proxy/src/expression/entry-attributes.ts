// Turns an access-log entry into the attributes that expressions ask for; what is not known is absent.
// https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes
import { type AccessLogEntry, type CertificateFacts, grpcStatusOf, type HeaderLookup } from '@meltemi/telemetry';
import { DOWNSTREAM_PEER, UPSTREAM_PEER } from '../istio/peer-state.ts';
import { NO_WORKLOAD, type Workload } from '../istio/workload.ts';
import { flagBits } from './flag-bits.ts';

type Attributes = Readonly<Record<string, unknown>>;

const ROOTS: Readonly<Record<string, (entry: AccessLogEntry) => Attributes>> = {
  request,
  response,
  connection,
  upstream,
  source: ({ downstreamRemoteAddress }) => address(downstreamRemoteAddress),
  destination: ({ downstreamLocalAddress }) => address(downstreamLocalAddress),
  xds: (entry) =>
    known({
      route_name: entry.routeName,
      cluster_name: entry.upstreamClusterRaw ?? entry.upstreamCluster,
      filter_chain_name: entry.filterChainName,
    }),
  metadata: ({ metadata }) => ({ filter_metadata: metadata ?? {} }),
  filter_state: ({ filterState }) => Object.fromEntries(filterState ?? []),
  downstream_peer: (entry) => peer(entry, DOWNSTREAM_PEER),
  upstream_peer: (entry) => peer(entry, UPSTREAM_PEER),
};

/** The first names of attributes that stand in an expression. */
export function rootsIn(text: string): readonly string[] {
  const words = new Set(text.match(/\w+/g));
  return Object.keys(ROOTS).filter((root) => words.has(root));
}

export function entryAttributes(entry: AccessLogEntry, roots: readonly string[]): Record<string, unknown> {
  const attributes: Record<string, unknown> = {};
  for (const root of roots) attributes[root] = ROOTS[root]!(entry);
  return attributes;
}

function request(entry: AccessLogEntry): Attributes {
  if (entry.method === undefined) return {};
  const { path = '', requestHeaders } = entry;
  const question = path.indexOf('?');
  return known({
    path,
    url_path: question < 0 ? path : path.slice(0, question),
    query: question < 0 ? '' : path.slice(question + 1),
    host: entry.authority,
    scheme: entry.scheme,
    method: entry.method,
    protocol: entry.protocol,
    headers: fields(requestHeaders),
    id: requestHeaders?.get('x-request-id') ?? '',
    useragent: requestHeaders?.get('user-agent') ?? '',
    referer: requestHeaders?.get('referer') ?? '',
    size: BigInt(entry.bytesReceived),
    total_size: BigInt(entry.bytesReceived + (entry.requestHeadersBytes ?? 0)),
    time: new Date(entry.startTimeMs),
  });
}

function response(entry: AccessLogEntry): Attributes {
  return known({
    code: entry.responseCode === 0 ? undefined : BigInt(entry.responseCode),
    code_details: entry.responseCodeDetails,
    flags: BigInt(flagBits(entry.responseFlags)),
    grpc_status: integer(grpcStatusOf(entry)),
    headers: fields(entry.responseHeaders),
    trailers: fields(entry.responseTrailers),
    size: BigInt(entry.bytesSent),
    total_size: BigInt(entry.bytesSent + (entry.responseHeadersBytes ?? 0) + (entry.responseTrailersBytes ?? 0)),
  });
}

function connection(entry: AccessLogEntry): Attributes {
  const { downstreamTls: tls } = entry;
  return known({
    id: integer(entry.connectionId),
    mtls: tls?.peer !== undefined,
    requested_server_name: entry.requestedServerName ?? '',
    tls_version: tls?.version,
    uri_san_local_certificate: tls?.localUris[0],
    ...certificate(tls?.peer),
    termination_details: entry.connectionTerminationDetails,
  });
}

function upstream(entry: AccessLogEntry): Attributes {
  const { upstreamTls: tls } = entry;
  return known({
    ...address(entry.upstreamHost),
    local_address: entry.upstreamLocalAddress,
    tls_version: tls?.version,
    ...certificate(tls?.peer),
    transport_failure_reason: entry.upstreamTransportFailureReason,
    request_attempt_count: BigInt(entry.upstreamRequestAttemptCount),
  });
}

function certificate(peerCertificate: CertificateFacts | undefined): Attributes {
  return {
    subject_peer_certificate: peerCertificate?.subject,
    uri_san_peer_certificate: peerCertificate?.uris[0],
    dns_san_peer_certificate: peerCertificate?.dns[0],
    sha256_peer_certificate_digest: peerCertificate?.sha256,
  };
}

/** `port` is that of an IP address. */
function address(text: string | undefined): Attributes {
  const port = /:(\d+)$/.exec(text ?? '')?.[1];
  return known({ address: text, port: port === undefined ? undefined : BigInt(port) });
}

function fields(headers: HeaderLookup | undefined): Attributes {
  const listed = headers as { entries?(): Iterable<readonly [string, string]> } | undefined;
  return Object.fromEntries(listed?.entries?.() ?? []);
}

function integer(value: number | undefined): bigint | undefined {
  return value === undefined ? undefined : BigInt(value);
}

function known(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}

function peer({ filterState }: AccessLogEntry, key: string): Attributes {
  const workload = (filterState?.get(key) as Workload | undefined) ?? NO_WORKLOAD;
  const { labels, namespace, name, cluster, app, version, canonicalName, canonicalRevision } = workload;
  return {
    name: workload.instance,
    namespace,
    workload: name,
    cluster,
    app,
    version,
    service: canonicalName,
    revision: canonicalRevision,
    labels,
  };
}
