// Writes what the control plane tells both sidecars in one generation: listeners, routes, clusters, endpoints.
import type { JsonObject } from '@bufbuild/protobuf';
import type { ResourceSet } from './ads-server.ts';
import type { RotatingIdentity } from './rotating-identity.ts';

const EXTENSIONS = 'type.googleapis.com/envoy.extensions';
const FILTERS = `${EXTENSIONS}.filters`;
const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

export const TYPE = {
  listener: 'type.googleapis.com/envoy.config.listener.v3.Listener',
  route: 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
  cluster: 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
  endpoints: 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
} as const;

export interface SoakPorts {
  /** Where clients ask the first sidecar. */
  readonly http: number;
  readonly tcp: number;
  /** Between the sidecars. */
  readonly secureHttp: number;
  readonly secureTcp: number;
  /** Of the application. */
  readonly app: number;
  readonly appGrpc: number;
  readonly appTcp: number;
}

/** What changes in time. */
export interface Generation {
  /** Shown by each answer. */
  readonly routes: number;
  readonly listeners: number;
  /** Part of each cluster's name. */
  readonly clusters: number;
  /** Last bytes of the addresses in 127.0.0.0/8 at which the server is. */
  readonly endpoints: readonly number[];
}

type Json = Record<string, unknown>;

export function outboundListeners(ports: SoakPorts, { listeners, clusters }: Generation): ResourceSet {
  const fault = { '@type': `${FILTERS}.http.fault.v3.HTTPFault`, abort: { header_abort: {}, percentage: HUNDRED } };
  return named([
    listener('outbound', ports.http, [
      http('outbound', listeners, [{ name: 'envoy.filters.http.fault', typed_config: fault }]),
    ]),
    listener('outbound-tcp', ports.tcp, [tcp(`tcp-${clusters}`)]),
  ]);
}

export function inboundListeners(
  ports: SoakPorts,
  { listeners, clusters }: Generation,
  identity: RotatingIdentity,
): ResourceSet {
  const socket = {
    name: 'tls',
    typed_config: {
      '@type': `${EXTENSIONS}.transport_sockets.tls.v3.DownstreamTlsContext`,
      require_client_certificate: true,
      common_tls_context: { ...identity.tlsContext('server', 'client'), alpn_protocols: ['h2', 'http/1.1'] },
    },
  };
  return named([
    listener('inbound', ports.secureHttp, [http('inbound', listeners, [])], socket),
    listener('inbound-tcp', ports.secureTcp, [tcp(`app-tcp-${clusters}`)], socket),
  ]);
}

const HUNDRED = { numerator: 100 };
const SAFE_RETRIES = {
  retry_on: 'connect-failure,refused-stream,unavailable,cancelled,reset-before-request',
  num_retries: 2,
};

export function outboundRoutes({ routes, clusters }: Generation): ResourceSet {
  const to = (version: string) => ({ cluster: `${version}-${clusters}`, timeout: '0s', retry_policy: SAFE_RETRIES });
  const entries = [
    { match: { prefix: '/flaky' }, route: { ...to('h1'), retry_policy: { retry_on: '5xx', num_retries: 3 } } },
    {
      match: { prefix: '/mirror' },
      route: {
        ...to('h1'),
        request_mirror_policies: [
          { cluster: 'shadow', runtime_fraction: { default_value: HUNDRED }, disable_shadow_host_suffix_append: false },
        ],
      },
    },
    { match: { prefix: '/', headers: [{ name: 'x-by', string_match: { exact: 'h2' } }] }, route: to('h2') },
    { match: { prefix: '/', grpc: {} }, route: to('h2') },
    { match: { prefix: '/' }, route: to('h1') },
  ];
  return named([routeTable('outbound', routes, entries)]);
}

export function inboundRoutes({ routes, clusters }: Generation): ResourceSet {
  const entries = [
    { match: { prefix: '/', grpc: {} }, route: { cluster: `app-grpc-${clusters}`, timeout: '0s' } },
    { match: { prefix: '/' }, route: { cluster: `app-${clusters}`, timeout: '0s' } },
  ];
  return named([routeTable('inbound', routes, entries)]);
}

/** Of all generations at once: an old name goes when nothing routes to it any more. */
export function outboundClusters(
  ports: SoakPorts,
  generations: readonly number[],
  identity: RotatingIdentity,
): ResourceSet {
  const socket = {
    name: 'tls',
    typed_config: {
      '@type': `${EXTENSIONS}.transport_sockets.tls.v3.UpstreamTlsContext`,
      sni: 'app.soak',
      common_tls_context: identity.tlsContext('client', 'server'),
    },
  };
  const byEds = { type: 'EDS', eds_cluster_config: { eds_config: { ads: {}, resource_api_version: 'V3' } } };
  const ofGeneration = (generation: number) =>
    (['h1', 'h2', 'tcp'] as const).map((version) => ({
      ...cluster(`${version}-${generation}`, version === 'h2'),
      ...byEds,
      transport_socket: socket,
    }));
  return named([...generations.flatMap(ofGeneration), atPort('shadow', ports.app)]);
}

export function inboundClusters(ports: SoakPorts, generations: readonly number[]): ResourceSet {
  return named(
    generations.flatMap((generation) => [
      atPort(`app-${generation}`, ports.app),
      atPort(`app-grpc-${generation}`, ports.appGrpc, true),
      atPort(`app-tcp-${generation}`, ports.appTcp),
    ]),
  );
}

export function outboundEndpoints(
  ports: SoakPorts,
  generations: readonly number[],
  endpoints: readonly number[],
): ResourceSet {
  const assignment = (version: string, generation: number): [string, JsonObject] => {
    const name = `${version}-${generation}`;
    const port = version === 'tcp' ? ports.secureTcp : ports.secureHttp;
    const places = endpoints.map((last) => ({ endpoint: { address: address(`127.0.0.${last}`, port) } }));
    return [name, { cluster_name: name, endpoints: [{ lb_endpoints: places }] } as unknown as JsonObject];
  };
  return new Map(generations.flatMap((g) => ['h1', 'h2', 'tcp'].map((version) => assignment(version, g))));
}

function named(resources: readonly Json[]): ResourceSet {
  return new Map(resources.map((resource) => [String(resource['name']), resource as JsonObject]));
}

function listener(name: string, port: number, filters: readonly object[], socket?: object): Json {
  const inspector = { '@type': `${FILTERS}.listener.tls_inspector.v3.TlsInspector` };
  return {
    name,
    // The server's side is one listener at all addresses that endpoints can have.
    address: address(socket ? '0.0.0.0' : '127.0.0.1', port),
    ...(socket && { listener_filters: [{ name: 'tls_inspector', typed_config: inspector }] }),
    filter_chains: [{ filters, ...(socket && { transport_socket: socket }) }],
  };
}

function http(routes: string, generation: number, filters: readonly object[]): object {
  return {
    name: 'http',
    typed_config: {
      '@type': `${FILTERS}.network.http_connection_manager.v3.HttpConnectionManager`,
      // Another value makes another filter chain: connections of the old one drain.
      stat_prefix: `soak_${generation % 3}`,
      // The clients share the machine with all else, and may stand still for longer than the second that is usual.
      delayed_close_timeout: '10s',
      upgrade_configs: [{ upgrade_type: 'websocket' }],
      rds: { route_config_name: routes, config_source: { ads: {}, resource_api_version: 'V3' } },
      http_filters: [...filters, { name: 'router', typed_config: { '@type': `${FILTERS}.http.router.v3.Router` } }],
    },
  };
}

function tcp(name: string): object {
  const config = { '@type': `${FILTERS}.network.tcp_proxy.v3.TcpProxy`, stat_prefix: 'soak', cluster: name };
  return { name: 'tcp', typed_config: config };
}

function routeTable(name: string, generation: number, routes: readonly object[]): Json {
  const shows = { header: { key: `x-${name}`, value: String(generation) } };
  return { name, virtual_hosts: [{ name: 'all', domains: ['*'], routes, response_headers_to_add: [shows] }] };
}

function atPort(name: string, port: number, http2 = false): Json {
  const place = { endpoint: { address: address('127.0.0.1', port) } };
  const assignment = { cluster_name: name, endpoints: [{ lb_endpoints: [place] }] };
  return { ...cluster(name, http2), type: 'STATIC', load_assignment: assignment };
}

function cluster(name: string, http2: boolean): Json {
  const explicit = { explicit_http_config: { http2_protocol_options: {} } };
  return {
    name,
    connect_timeout: '5s',
    ...(http2 && {
      typed_extension_protocol_options: {
        [HTTP_OPTIONS]: { '@type': `type.googleapis.com/${HTTP_OPTIONS}`, ...explicit },
      },
    }),
  };
}

function address(host: string, port: number): object {
  return { socket_address: { address: host, port_value: port } };
}
