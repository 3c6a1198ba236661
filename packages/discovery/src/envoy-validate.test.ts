// Every generated resource is one that a real Envoy accepts.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { text } from 'node:stream/consumers';
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { resourcesJson } from './debug/config-dump.ts';
import type { ProxyResources } from './resources.ts';
import { BOOKINFO, proxyNode, resourcesOf, REVIEWS_SUBSETS, rule, service } from './test-world.ts';

const envoy = findEnvoy();
if (!envoy) process.stdout.write('left out: no envoy in MELTEMI_ENVOY or PATH\n');

const EVERYTHING = [
  ...BOOKINFO,
  REVIEWS_SUBSETS,
  service('mongo', 27017, 'default', 'tcp'),
  service('grpc', 8079, 'default', 'grpc'),
  rule('DestinationRule', 'ratings', {
    host: 'ratings',
    trafficPolicy: {
      loadBalancer: { consistentHash: { httpCookie: { name: 'user', ttl: '10s' }, maglev: { tableSize: 251 } } },
      connectionPool: {
        tcp: { maxConnections: 10, connectTimeout: '1s' },
        http: { http1MaxPendingRequests: 1, maxRequestsPerConnection: 2, idleTimeout: '5s' },
      },
      outlierDetection: { consecutive5xxErrors: 1, interval: '1s', baseEjectionTime: '3s', maxEjectionPercent: 50 },
    },
  }),
  rule('ServiceEntry', 'outside', {
    hosts: ['httpbin.example'],
    ports: [
      { number: 80, name: 'http', protocol: 'HTTP' },
      { number: 443, name: 'https', protocol: 'HTTPS' },
    ],
    resolution: 'DNS',
  }),
  rule('DestinationRule', 'outside', { host: 'httpbin.example', trafficPolicy: { tls: { mode: 'SIMPLE' } } }),
  rule('Gateway', 'web', {
    selector: { istio: 'ingressgateway' },
    servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }],
  }),
  rule('Gateway', 'tcp', {
    selector: { istio: 'ingressgateway' },
    servers: [
      { port: { number: 27017, name: 'mongo', protocol: 'MONGO' }, hosts: ['*'] },
      { port: { number: 8443, name: 'tls', protocol: 'TLS' }, hosts: ['*'], tls: { mode: 'PASSTHROUGH' } },
    ],
  }),
  rule('VirtualService', 'tcp', {
    hosts: ['*'],
    gateways: ['tcp', 'mesh'],
    tcp: [
      {
        route: [
          { destination: { host: 'mongo', port: { number: 27017 } }, weight: 60 },
          { destination: { host: 'ratings' }, weight: 40 },
        ],
      },
    ],
    tls: [
      {
        match: [{ gateways: ['tcp'], sniHosts: ['a.example', '*.b.example'] }],
        route: [{ destination: { host: 'mongo' } }],
      },
    ],
  }),
  rule('VirtualService', 'web', {
    hosts: ['*'],
    gateways: ['web'],
    http: [{ match: [{ uri: { exact: '/productpage' } }], route: [{ destination: { host: 'productpage' } }] }],
  }),
  rule('VirtualService', 'reviews', {
    hosts: ['reviews'],
    http: [
      {
        name: 'jason',
        match: [
          {
            uri: { prefix: '/a' },
            headers: { cookie: { regex: '^(.*?;)?(user=jason)(;.*)?$' }, 'x-any': {} },
            withoutHeaders: { 'x-not': { exact: '1' } },
            queryParams: { q: { exact: '1' }, r: { prefix: 'x' } },
            method: { exact: 'GET' },
            authority: { prefix: 'reviews' },
            scheme: { exact: 'http' },
            ignoreUriCase: true,
          },
        ],
        route: [
          { destination: { host: 'reviews', subset: 'v1' }, weight: 30, headers: { request: { set: { 'x-v': '1' } } } },
          { destination: { host: 'reviews', subset: 'v2' }, weight: 70 },
        ],
        timeout: '2s',
        retries: { attempts: 3, perTryTimeout: '1s', retryOn: '5xx,503' },
        fault: {
          delay: { fixedDelay: '7s', percentage: { value: 0.1 } },
          abort: { httpStatus: 400, percentage: { value: 100 } },
        },
        mirrors: [{ destination: { host: 'ratings' }, percentage: { value: 50 } }],
        rewrite: { uri: '/', authority: 'other' },
        corsPolicy: {
          allowOrigins: [{ exact: 'https://a.example' }, { regex: '.*' }],
          allowMethods: ['GET'],
          allowHeaders: ['x-a'],
          maxAge: '1h',
          allowCredentials: true,
        },
        headers: { request: { add: { 'x-a': 'b' }, remove: ['x-c'] }, response: { set: { 'x-d': 'e' } } },
      },
      { match: [{ uri: { regex: '/x/.*' } }], redirect: { uri: '/y', authority: 'z.example', redirectCode: 302 } },
      { match: [{ uri: { prefix: '/p' } }], redirect: { uri: '%PREFIX()%/y', scheme: 'https', port: 8443 } },
      { match: [{ uri: { exact: '/teapot' } }], directResponse: { status: 418, body: { string: 'short' } } },
      { route: [{ destination: { host: 'reviews', subset: 'v1' } }] },
    ],
  }),
  rule('VirtualService', 'ratings', { hosts: ['ratings'], http: [{ route: [{ destination: { host: 'ratings' } }] }] }),
];

for (const node of [
  proxyNode('productpage-v1'),
  proxyNode('reviews-v1'),
  proxyNode('gateway-1', 'istio-system', 'router'),
]) {
  test(`envoy accepts what ${node.workload} gets`, { skip: !envoy }, async () => {
    const resources = await resourcesOf(node, ...EVERYTHING);
    assert.ok(resources.LDS.size > 0 && resources.CDS.size > 0);
    await validate(bootstrap(resources));
  });
}

async function validate(config: JsonObject): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'meltemi-envoy-'));
  try {
    const file = join(directory, 'envoy.json');
    await writeFile(file, JSON.stringify(config));
    // Its access log opens /dev/stdout, which a socket (Node's pipes) refuses.
    const child = spawn(envoy!, ['--mode', 'validate', '-c', file, '-l', 'error'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const [errors, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    assert.equal(code, 0, errors.slice(0, 2000));
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Everything as static resources; each route configuration in a listener of its own. */
function bootstrap(resources: ProxyResources): JsonObject {
  const pipe = (name: string) => ({
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path: `./${name}.sock` } } } }] }],
    },
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
  });
  const grpc = { envoy_grpc: { cluster_name: 'xds-grpc' } };
  return {
    node: { id: 'sidecar~127.0.0.1~test.default~default.svc.cluster.local', cluster: 'test' },
    dynamic_resources: { ads_config: { api_type: 'GRPC', transport_api_version: 'V3', grpc_services: [grpc] } },
    static_resources: {
      clusters: [pipe('xds-grpc'), pipe('sds-grpc'), ...untyped(resourcesJson(resources.CDS))],
      listeners: [
        ...untyped(resourcesJson(resources.LDS)),
        ...untyped(resourcesJson(resources.RDS)).map((routes, index) => routeListener(routes, 22_000 + index)),
      ],
    },
  };
}

function routeListener(routes: JsonObject, port: number): JsonObject {
  const manager = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: 'test',
    route_config: routes,
    http_filters: ['cors.v3.Cors', 'fault.v3.HTTPFault', 'router.v3.Router'].map((type) => ({
      name: `envoy.filters.http.${type.split('.')[0]}`,
      typed_config: { '@type': `type.googleapis.com/envoy.extensions.filters.http.${type}` },
    })),
  };
  return {
    name: `routes-${port}`,
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    filter_chains: [{ filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] }],
  };
}

function untyped(resources: readonly JsonValue[]): JsonObject[] {
  return (resources as JsonObject[]).map((resource) =>
    Object.fromEntries(Object.entries(resource).filter(([name]) => name !== '@type')),
  );
}

function findEnvoy(): string | undefined {
  const named = process.env['MELTEMI_ENVOY'];
  if (named) return named;
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, 'envoy')).find((path) => existsSync(path));
}
