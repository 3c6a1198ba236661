// Runs sidecars as processes of their own, client → front → one of the backs → application, with mutual TLS between them, for tests that end one.
import type { JsonObject } from '@bufbuild/protobuf';
import { type Application, startApplication } from '../../bench/soak/application.ts';
import { testAuthority, type TestKeyPair } from '../../packages/proxy/src/tls/test-certificates.ts';
import { freePorts } from './free-ports.ts';
import { type KnownProcess, startProxyProcess } from './proxy-process.ts';

export interface DrainedMesh {
  /** Where clients ask the front. */
  readonly http: number;
  readonly tcp: number;
  readonly front: KnownProcess;
  readonly backs: readonly KnownProcess[];
  stop(): Promise<void>;
}

interface BackPorts {
  readonly http: number;
  readonly tcp: number;
}

const TYPE = 'type.googleapis.com/envoy.extensions';
const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const URI = 'spiffe://drained.local/ns/a/sa/b';

/** `drain`: flags of every sidecar. */
export async function startDrainedMesh(drain: readonly string[]): Promise<DrainedMesh> {
  const [http, tcp, ...others] = (await freePorts(6)) as [number, number, ...number[]];
  const backPorts = [0, 2].map((index) => ({ http: others[index]!, tcp: others[index + 1]! }));
  const authority = testAuthority();
  const tls = commonTls(authority.issue(`URI:${URI}`), authority.root);
  authority.close();
  const app = await startApplication();
  const sidecars: KnownProcess[] = [];
  const stop = async () => {
    await Promise.all(sidecars.map((sidecar) => sidecar.stop()));
    await app.close();
  };
  const backBootstraps = backPorts.map((at) => backBootstrap(at, app, tls));
  try {
    const all = [frontBootstrap({ http, tcp }, backPorts, tls), ...backBootstraps];
    const started = await Promise.allSettled(all.map((each) => startProxyProcess(each, undefined, drain)));
    for (const each of started) if (each.status === 'fulfilled') sidecars.push(each.value);
    for (const each of started) if (each.status === 'rejected') throw each.reason;
  } catch (error) {
    await stop();
    throw error;
  }
  const [front, ...backs] = sidecars as [KnownProcess, ...KnownProcess[]];
  return { http, tcp, front, backs, stop };
}

function frontBootstrap(at: BackPorts, backs: readonly BackPorts[], tls: object): JsonObject {
  const socket = { '@type': `${TYPE}.transport_sockets.tls.v3.UpstreamTlsContext`, sni: 'app.drained' };
  const secure = { transport_socket: { name: 'tls', typed_config: { ...socket, common_tls_context: tls } } };
  const cluster = (name: string, kind: keyof BackPorts, http2 = false) => ({
    ...clusterTo(
      name,
      backs.map((back) => back[kind]),
      http2,
    ),
    ...secure,
  });
  return bootstrap(
    [listener('http', at.http, http()), listener('tcp', at.tcp, tcp())],
    [cluster('app', 'http'), cluster('app-grpc', 'http', true), cluster('app-tcp', 'tcp')],
  );
}

function backBootstrap(at: BackPorts, app: Application, tls: object): JsonObject {
  const socket = {
    '@type': `${TYPE}.transport_sockets.tls.v3.DownstreamTlsContext`,
    require_client_certificate: true,
    common_tls_context: { ...tls, alpn_protocols: ['h2', 'http/1.1'] },
  };
  const secure = { transport_socket: { name: 'tls', typed_config: socket } };
  return bootstrap(
    [listener('http', at.http, http(), secure), listener('tcp', at.tcp, tcp(), secure)],
    [clusterTo('app', [app.http]), clusterTo('app-grpc', [app.grpc], true), clusterTo('app-tcp', [app.tcp])],
  );
}

function bootstrap(listeners: readonly object[], clusters: readonly object[]): JsonObject {
  return {
    node: { id: 'drained', cluster: 'test' },
    static_resources: { listeners, clusters },
  } as unknown as JsonObject;
}

function listener(name: string, port: number, filter: object, chain?: object): object {
  const inspector = { '@type': `${TYPE}.filters.listener.tls_inspector.v3.TlsInspector` };
  return {
    name,
    address: address(port),
    ...(chain && { listener_filters: [{ name: 'tls_inspector', typed_config: inspector }] }),
    filter_chains: [{ filters: [filter], ...chain }],
  };
}

/** Retries as Istio asks for by default. */
const RETRIES = {
  retry_on: 'connect-failure,refused-stream,unavailable,cancelled',
  num_retries: 2,
  retry_host_predicate: [
    {
      name: 'envoy.retry_host_predicates.previous_hosts',
      typed_config: { '@type': `${TYPE}.retry.host.previous_hosts.v3.PreviousHostsPredicate` },
    },
  ],
  host_selection_retry_max_attempts: 5,
};

function http(): object {
  const to = (cluster: string) => ({ cluster, timeout: '0s', retry_policy: RETRIES });
  const routes = [
    { match: { prefix: '/', grpc: {} }, route: to('app-grpc') },
    { match: { prefix: '/' }, route: to('app') },
  ];
  // So much of a body is kept for another try, as with Envoy.
  const host = { name: 'all', domains: ['*'], routes, per_request_buffer_limit_bytes: 1_048_576 };
  const manager = {
    '@type': `${TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'http',
    upgrade_configs: [{ upgrade_type: 'websocket' }],
    route_config: { name: 'all', virtual_hosts: [host] },
    http_filters: [{ name: 'router', typed_config: { '@type': `${TYPE}.filters.http.router.v3.Router` } }],
  };
  return { name: 'http', typed_config: manager };
}

function tcp(): object {
  const type = `${TYPE}.filters.network.tcp_proxy.v3.TcpProxy`;
  const config = { '@type': type, stat_prefix: 'tcp', cluster: 'app-tcp', max_connect_attempts: 3 };
  return { name: 'tcp', typed_config: config };
}

function clusterTo(name: string, ports: readonly number[], http2 = false): object {
  const options = {
    '@type': `type.googleapis.com/${HTTP_OPTIONS}`,
    explicit_http_config: { http2_protocol_options: {} },
  };
  return {
    name,
    type: 'STATIC',
    connect_timeout: '5s',
    // As Istio does: the default is three retries at a time.
    circuit_breakers: { thresholds: [{ max_retries: 1000 }] },
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: ports.map((port) => ({ endpoint: { address: address(port) } })) }],
    },
    ...(http2 && { typed_extension_protocol_options: { [HTTP_OPTIONS]: options } }),
  };
}

function commonTls({ certificate, key }: TestKeyPair, root: string): object {
  return {
    tls_certificates: [{ certificate_chain: { inline_string: certificate }, private_key: { inline_string: key } }],
    validation_context: {
      trusted_ca: { inline_string: root },
      match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { exact: URI } }],
    },
  };
}

function address(port: number): object {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}
