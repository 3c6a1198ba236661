// Runs two sidecars one behind the other with mutual TLS between them, each of them Envoy or ours: client → first → second → app.
import type { JsonObject } from '@bufbuild/protobuf';
import type { TestKeyPair } from '../../packages/proxy/src/tls/test-certificates.ts';
import { startEnvoy } from './envoy.ts';
import { freePorts } from './free-ports.ts';
import { startProxyProcess } from './proxy-process.ts';

export type SidecarKind = 'ours' | 'envoy';

export interface PairIdentity {
  readonly root: string;
  readonly client: TestKeyPair;
  readonly server: TestKeyPair;
}

export interface PairOptions {
  readonly first: SidecarKind;
  readonly second: SidecarKind;
  readonly appPort: number;
  readonly identity: PairIdentity;
  /** HTTP filters of the first, before its router. */
  readonly filters?: readonly object[];
  /** Further fields of the first's cluster. */
  readonly cluster?: object;
  /** Further fields of the connection managers, and of each alone. */
  readonly manager?: object;
  readonly secondManager?: object;
  /** ALPN names that the first's cluster offers. */
  readonly offered?: readonly string[];
  /** The second has one chain for each list of ALPN names, and says in `x-chain` which it was; `[]`: any. */
  readonly chains?: readonly (readonly string[])[];
}

export interface SidecarPair {
  /** Where clients ask. */
  readonly port: number;
  /** Value of a counter or gauge of one of them. */
  stat(which: 'first' | 'second', name: string): Promise<number>;
  /** Asks an admin page of one of them by POST. */
  command(which: 'first' | 'second', path: string): Promise<void>;
  stop(): Promise<void>;
}

const TYPE = 'type.googleapis.com/envoy.extensions';

export async function startSidecarPair(options: PairOptions): Promise<SidecarPair> {
  const [port, between, ...admin] = await freePorts(4);
  const second = await start(options.second, secondBootstrap(options, between!, admin[1]!));
  const first = await start(options.first, firstBootstrap(options, port!, between!, admin[0]!)).catch(
    async (error: unknown) => {
      await second.stop();
      throw error;
    },
  );
  const page = (which: 'first' | 'second', path: string) =>
    `http://127.0.0.1:${which === 'first' ? admin[0] : admin[1]}${path}`;
  return {
    port: port!,
    async stat(which, name) {
      const response = await fetch(page(which, `/stats?filter=^${name.replaceAll('.', '\\.')}$`));
      return Number((await response.text()).split(':').at(-1) || 0);
    },
    async command(which, path) {
      const response = await fetch(page(which, path), { method: 'POST' });
      if (!response.ok) throw new Error(`${path}: ${response.status}`);
    },
    async stop() {
      await Promise.all([first.stop(), second.stop()]);
    },
  };
}

function start(kind: SidecarKind, bootstrap: JsonObject): Promise<{ stop(): Promise<void> }> {
  return kind === 'envoy' ? startEnvoy(bootstrap) : startProxyProcess(bootstrap);
}

function firstBootstrap(options: PairOptions, port: number, next: number, admin: number): JsonObject {
  const { client, root } = options.identity;
  const tls = { '@type': `${TYPE}.transport_sockets.tls.v3.UpstreamTlsContext`, sni: 'app.test' };
  const socket = { ...tls, common_tls_context: { ...commonTls(client, root), alpn_protocols: options.offered ?? [] } };
  const chain = { filters: [manager('first', options.filters ?? [], options.manager)] };
  return bootstrap(admin, { address: address(port), filter_chains: [chain] }, [
    { ...cluster('app', next), transport_socket: { name: 'tls', typed_config: socket }, ...options.cluster },
  ]);
}

function secondBootstrap(options: PairOptions, port: number, admin: number): JsonObject {
  const { server, root } = options.identity;
  const chains = (options.chains ?? [[]]).map((names, index) => ({
    name: `chain-${index}`,
    filter_chain_match: { application_protocols: names },
    filters: [manager(`second_${index}`, [], { ...options.manager, ...options.secondManager }, names.join())],
    transport_socket: {
      name: 'tls',
      typed_config: {
        '@type': `${TYPE}.transport_sockets.tls.v3.DownstreamTlsContext`,
        require_client_certificate: true,
        common_tls_context: { ...commonTls(server, root), alpn_protocols: ['h2', 'http/1.1'] },
      },
    },
  }));
  const inspector = { '@type': `${TYPE}.filters.listener.tls_inspector.v3.TlsInspector` };
  const listener = {
    address: address(port),
    listener_filters: [{ name: 'envoy.filters.listener.tls_inspector', typed_config: inspector }],
    filter_chains: chains,
  };
  return bootstrap(admin, listener, [cluster('app', options.appPort)]);
}

function bootstrap(admin: number, listener: object, clusters: readonly object[]): JsonObject {
  return {
    node: { id: 'pair', cluster: 'test' },
    admin: { address: address(admin) },
    static_resources: { listeners: [{ name: 'only', ...listener }], clusters },
  } as unknown as JsonObject;
}

function manager(name: string, filters: readonly object[], more: object = {}, chain?: string): object {
  const says = [
    { header: { key: `x-protocol-${name.split('_')[0]}`, value: '%PROTOCOL%' } },
    ...(chain === undefined ? [] : [{ header: { key: 'x-chain', value: chain || 'any' } }]),
  ];
  const virtualHost = {
    name: 'all',
    domains: ['*'],
    routes: [{ match: { prefix: '/' }, route: { cluster: 'app', timeout: '0s' } }],
    response_headers_to_add: says,
  };
  return {
    name: 'http',
    typed_config: {
      '@type': `${TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: name,
      generate_request_id: false,
      upgrade_configs: [{ upgrade_type: 'websocket' }],
      http_protocol_options: { enable_trailers: true },
      route_config: { name: 'routes', virtual_hosts: [virtualHost] },
      http_filters: [
        ...filters,
        { name: 'envoy.filters.http.router', typed_config: { '@type': `${TYPE}.filters.http.router.v3.Router` } },
      ],
      ...more,
    },
  };
}

/** Trailers go through, as they do where nothing holds them up. */
function cluster(name: string, port: number): object {
  const http = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  const explicit = { http_protocol_options: { enable_trailers: true } };
  return {
    name,
    type: 'STATIC',
    connect_timeout: '2s',
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: address(port) } }] }],
    },
    typed_extension_protocol_options: {
      [http]: { '@type': `type.googleapis.com/${http}`, explicit_http_config: explicit },
    },
  };
}

function commonTls({ certificate, key }: TestKeyPair, root: string): object {
  return {
    tls_certificates: [{ certificate_chain: { inline_string: certificate }, private_key: { inline_string: key } }],
    validation_context: { trusted_ca: { inline_string: root } },
  };
}

function address(port: number): object {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}
