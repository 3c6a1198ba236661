// A proxy's configuration in files, for tests that ask its admin pages: everything static and everything discovered is there once.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '@bufbuild/protobuf';

export interface AdminWorld {
  readonly bootstrap: JsonObject;
  readonly adminPort: number;
  close(): void;
}

const TYPE = 'type.googleapis.com/envoy';
const HCM = `${TYPE}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`;
const ROUTER = {
  name: 'envoy.filters.http.router',
  typed_config: { '@type': `${TYPE}.extensions.filters.http.router.v3.Router` },
};

/** `ports`: the admin server, a static listener, a discovered one, an endpoint. */
export function adminWorld(ports: readonly number[]): AdminWorld {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-admin-'));
  const [adminPort, staticPort, dynamicPort, endpointPort] = ports as [number, number, number, number];
  const file = (name: string, type: string, resources: readonly JsonObject[]): JsonObject => {
    const typed = resources.map((resource) => ({ '@type': `${TYPE}.${type}`, ...resource }));
    writeFileSync(join(folder, name), JSON.stringify({ version_info: `v-${name}`, resources: typed }));
    return { path_config_source: { path: join(folder, name) } };
  };
  const { key, chain } = certificate(folder);
  const secrets = file('sds.json', 'extensions.transport_sockets.tls.v3.Secret', [
    {
      name: 'default',
      tls_certificate: { certificate_chain: { inline_bytes: chain }, private_key: { inline_bytes: key } },
    },
  ]);
  const endpoints = file('eds.json', 'config.endpoint.v3.ClusterLoadAssignment', [
    { ...assignment('outbound|80||b.demo.svc.cluster.local', endpointPort) },
  ]);
  const routes = file('rds.json', 'config.route.v3.RouteConfiguration', [
    {
      name: '80',
      virtual_hosts: [virtualHost('b.demo.svc.cluster.local:80', 'outbound|80||b.demo.svc.cluster.local')],
    },
  ]);
  const listeners = file('lds.json', 'config.listener.v3.Listener', [
    {
      ...listener('0.0.0.0_80', dynamicPort, { rds: { route_config_name: '80', config_source: routes } }),
      traffic_direction: 'OUTBOUND',
    },
    secured(listener('secured', 0, { route_config: { name: 'inline', virtual_hosts: [] } }), secrets),
  ]);
  const clusters = file('cds.json', 'config.cluster.v3.Cluster', [
    {
      name: 'outbound|80||b.demo.svc.cluster.local',
      type: 'EDS',
      connect_timeout: '1s',
      eds_cluster_config: { service_name: 'outbound|80||b.demo.svc.cluster.local', eds_config: endpoints },
    },
    {
      name: 'secure',
      type: 'STATIC',
      connect_timeout: '1s',
      load_assignment: assignment('secure', endpointPort),
      transport_socket: {
        name: 'tls',
        typed_config: {
          '@type': `${TYPE}.extensions.transport_sockets.tls.v3.UpstreamTlsContext`,
          common_tls_context: {
            tls_certificate_sds_secret_configs: [{ name: 'default', sds_config: secrets }],
            validation_context: { trusted_ca: { inline_bytes: chain } },
          },
        },
      },
    },
  ]);
  const bootstrap: JsonObject = {
    node: { id: 'sidecar~127.0.0.1~a.demo~demo.svc.cluster.local', cluster: 'a.demo' },
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: adminPort } } },
    static_resources: {
      secrets: [{ name: 'word', generic_secret: { secret: { inline_string: 'very secret' } } }],
      listeners: [
        listener('static', staticPort, { route_config: { name: 'r1', virtual_hosts: [virtualHost('*', 'agent')] } }),
      ],
      clusters: [
        { name: 'agent', type: 'STATIC', connect_timeout: '1s', load_assignment: assignment('agent', endpointPort) },
      ],
    },
    dynamic_resources: { lds_config: listeners, cds_config: clusters },
    layered_runtime: {
      layers: [
        { name: 'base', static_layer: { 'some.key': 7 } },
        { name: 'admin', admin_layer: {} },
      ],
    },
  };
  return { bootstrap, adminPort, close: () => rmSync(folder, { recursive: true, force: true }) };
}

function listener(name: string, port: number, routes: JsonObject): JsonObject {
  const manager = { '@type': HCM, stat_prefix: name, ...routes, http_filters: [ROUTER] };
  return {
    name,
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    filter_chains: [{ filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] }],
  };
}

function secured(plain: JsonObject, secrets: JsonObject): JsonObject {
  const [chain] = plain['filter_chains'] as JsonObject[];
  const context = {
    '@type': `${TYPE}.extensions.transport_sockets.tls.v3.DownstreamTlsContext`,
    common_tls_context: { tls_certificate_sds_secret_configs: [{ name: 'default', sds_config: secrets }] },
  };
  const transport_socket = { name: 'envoy.transport_sockets.tls', typed_config: context };
  return { ...plain, filter_chains: [{ ...chain, transport_socket }] };
}

function virtualHost(domain: string, cluster: string): JsonObject {
  return { name: domain, domains: [domain], routes: [{ match: { prefix: '/' }, route: { cluster } }] };
}

function assignment(cluster: string, port: number): JsonObject {
  const endpoint = { address: { socket_address: { address: '127.0.0.1', port_value: port } } };
  return { cluster_name: cluster, endpoints: [{ lb_endpoints: [{ endpoint }] }] };
}

/** Base64 of PEM. */
function certificate(folder: string): { readonly key: string; readonly chain: string } {
  const key = join(folder, 'key.pem');
  const chain = join(folder, 'chain.pem');
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30'];
  const names = [
    '-subj',
    '/CN=a',
    '-addext',
    'subjectAltName=URI:spiffe://cluster.local/ns/demo/sa/a',
    '-addext',
    'basicConstraints=critical,CA:FALSE',
  ];
  const openssl = process.env['MELTEMI_OPENSSL'] ?? 'openssl';
  execFileSync(openssl, ['req', '-x509', ...kind, ...names, '-keyout', key, '-out', chain], { stdio: 'ignore' });
  return { key: readFileSync(key, 'base64'), chain: readFileSync(chain, 'base64') };
}
