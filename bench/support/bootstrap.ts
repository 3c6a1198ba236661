// Writes the bootstrap that Envoy and our sidecar both run: listeners, routes, clusters as Envoy's FAQ on benchmarking has them.
import type { JsonObject } from '@bufbuild/protobuf';
import type { KeyPair } from './certificates.ts';

const FILTERS = 'type.googleapis.com/envoy.extensions.filters';
const TLS = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';
const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

export interface HttpListener {
  readonly port: number;
  readonly virtualHosts: readonly JsonObject[];
  /** HTTP filters before the router. */
  readonly filters?: readonly JsonObject[];
  readonly tls?: Identity;
  /** What clients offer is read before the handshake, as by every listener of Istio's. */
  readonly inspectsTls?: boolean;
}

export interface UpstreamCluster {
  readonly name: string;
  readonly port: number;
  readonly http2?: boolean;
  readonly tls?: Identity;
}

/** Own certificate, and the root by which the peer is judged. */
export interface Identity {
  readonly own: KeyPair;
  readonly root: string;
  /** URI that the peer's certificate must carry. */
  readonly peer: string;
}

/** No access log, no ids, raised circuit breakers; the admin address is free. */
export function bootstrap(listeners: readonly JsonObject[], clusters: readonly UpstreamCluster[]): string {
  return JSON.stringify({
    admin: { address: address(0) },
    static_resources: { listeners, clusters: clusters.map(cluster) },
  });
}

export function httpListener({ port, virtualHosts, filters = [], tls, inspectsTls }: HttpListener): JsonObject {
  const router = { '@type': `${FILTERS}.http.router.v3.Router`, dynamic_stats: false };
  const own = listener(port, tls, 'envoy.filters.network.http_connection_manager', {
    '@type': `${FILTERS}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'bench',
    generate_request_id: false,
    route_config: { name: 'bench', virtual_hosts: [...virtualHosts] },
    http_filters: [...filters, { name: 'envoy.filters.http.router', typed_config: router }],
  });
  if (!inspectsTls) return own;
  const inspector = { '@type': `${FILTERS}.listener.tls_inspector.v3.TlsInspector` };
  return { ...own, listener_filters: [{ name: 'envoy.filters.listener.tls_inspector', typed_config: inspector }] };
}

export function tcpListener(port: number, cluster: string): JsonObject {
  return listener(port, undefined, 'envoy.filters.network.tcp_proxy', {
    '@type': `${FILTERS}.network.tcp_proxy.v3.TcpProxy`,
    stat_prefix: 'bench',
    cluster,
  });
}

/** Everything to one cluster. */
export function anyHost(cluster: string): JsonObject {
  return { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster } }] };
}

function listener(port: number, tls: Identity | undefined, filter: string, typedConfig: JsonObject): JsonObject {
  const chain = { filters: [{ name: filter, typed_config: typedConfig }] };
  const socket = tls && {
    name: 'tls',
    typed_config: {
      '@type': `${TLS}.DownstreamTlsContext`,
      require_client_certificate: true,
      common_tls_context: commonTls(tls),
    },
  };
  return {
    name: `listener-${port}`,
    address: address(port),
    enable_reuse_port: false,
    filter_chains: [socket ? { ...chain, transport_socket: socket } : chain],
  };
}

function cluster({ name, port, http2, tls }: UpstreamCluster): JsonObject {
  const limits = { max_connections: 10_000, max_pending_requests: 10_000, max_requests: 10_000 };
  return {
    name,
    type: 'STATIC',
    connect_timeout: '5s',
    circuit_breakers: { thresholds: [limits] },
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: address(port) } }] }],
    },
    ...(http2 && { typed_extension_protocol_options: http2Options() }),
    ...(tls && {
      transport_socket: {
        name: 'tls',
        typed_config: { '@type': `${TLS}.UpstreamTlsContext`, common_tls_context: commonTls(tls) },
      },
    }),
  };
}

function http2Options(): JsonObject {
  const http2 = { explicit_http_config: { http2_protocol_options: {} } };
  return { [HTTP_OPTIONS]: { '@type': `type.googleapis.com/${HTTP_OPTIONS}`, ...http2 } };
}

function commonTls({ own, root, peer }: Identity): JsonObject {
  const names = [{ san_type: 'URI', matcher: { exact: peer } }];
  return {
    tls_certificates: [
      { certificate_chain: { inline_string: own.certificate }, private_key: { inline_string: own.key } },
    ],
    validation_context: { trusted_ca: { inline_string: root }, match_typed_subject_alt_names: names },
  };
}

function address(port: number): JsonObject {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}
