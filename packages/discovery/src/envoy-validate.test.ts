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
import { SnapshotResources } from './compile.ts';
import { FragmentCache } from './fragment-cache.ts';
import type { ProxyResources } from './resources.ts';
import { EVERY_PATCH } from './envoy-filter.test-support.ts';
import { FURTHER_MESH, FURTHER_RULES } from './envoy-validate-rules.test-support.ts';
import { EVERYTHING, REDIRECTED } from './envoy-validate.test-support.ts';
import { meshSettings } from './mesh-config.ts';
import { everyProvider, PROVIDERS } from './telemetry.test-support.ts';
import { proxyNode, redirectedNode, resourcesOf, rule, snapshotOf } from './test-world.ts';

const OUR_SIDECAR = join(import.meta.dirname, '../../../bin/proxy.ts');

const envoy = findEnvoy();
if (!envoy) process.stdout.write('left out: no envoy in MELTEMI_ENVOY or PATH\n');

/** A gateway between networks. */
const CROSS_NETWORK = rule('Gateway', 'cross-network', {
  selector: { istio: 'ingressgateway' },
  servers: [
    { port: { number: 15443, name: 'tls', protocol: 'TLS' }, hosts: ['*.local'], tls: { mode: 'AUTO_PASSTHROUGH' } },
  ],
});

for (const [node, world] of [
  [proxyNode('productpage-v1'), EVERYTHING],
  [proxyNode('reviews-v1'), EVERYTHING],
  [proxyNode('gateway-1', 'istio-system', 'router'), EVERYTHING],
  [redirectedNode('permissive'), REDIRECTED],
  [redirectedNode('strict'), REDIRECTED],
  [redirectedNode('ports'), REDIRECTED],
  [redirectedNode('gateway', 'istio-system', 'router'), REDIRECTED],
  [proxyNode('productpage-v1'), [...EVERYTHING, ...EVERY_PATCH]],
  [proxyNode('gateway-1', 'istio-system', 'router'), [...EVERYTHING, ...EVERY_PATCH]],
  [redirectedNode('permissive'), [...REDIRECTED, ...EVERY_PATCH]],
  [redirectedNode('gateway', 'istio-system', 'router'), [...REDIRECTED, ...EVERY_PATCH]],
  [redirectedNode('gateway', 'istio-system', 'router'), [...REDIRECTED, CROSS_NETWORK]],
] as const) {
  test(`envoy accepts what ${node.workload} gets`, { skip: !envoy }, async () => {
    const resources = await resourcesOf(node, ...world);
    assert.ok(resources.LDS.size > 0 && resources.CDS.size > 0);
    await validate(bootstrap(resources));
  });
}

for (const [program, istioFilters] of [
  ['envoy', false],
  ['our sidecar', true],
] as const) {
  const command = program === 'envoy' ? [envoy ?? ''] : [process.execPath, OUR_SIDECAR];
  test(
    `${program} accepts what Telemetries of all providers ask`,
    { skip: program === 'envoy' && !envoy },
    async () => {
      const { mesh } = meshSettings({ extensionProviders: PROVIDERS, defaultProviders: { metrics: ['prometheus'] } });
      for (const tracer of ['zipkin', 'oteltracer', 'otelhttp']) {
        const snapshot = await snapshotOf(...EVERYTHING, ...everyProvider(tracer));
        const made = new SnapshotResources({ ...snapshot, mesh }, new FragmentCache());
        const resources = made.resourcesOf({ ...proxyNode('productpage-v1'), istioFilters });
        assert.deepEqual(made.problems, []);
        await validate(bootstrap(resources), command);
      }
    },
  );
}

for (const [program, command] of [
  ['envoy', [envoy ?? '']],
  ['our sidecar', [process.execPath, OUR_SIDECAR]],
] as const) {
  test(`${program} accepts what further rules and settings ask`, { skip: program === 'envoy' && !envoy }, async () => {
    const { mesh, problems } = meshSettings(FURTHER_MESH);
    const made = new SnapshotResources(
      { ...(await snapshotOf(...REDIRECTED, ...FURTHER_RULES)), mesh },
      new FragmentCache(),
    );
    const near = { ...redirectedNode('permissive'), locality: { region: 'r1', zone: 'z1' } };
    for (const node of [near, redirectedNode('gateway', 'istio-system', 'router')]) {
      await validate(bootstrap(made.resourcesOf(node)), command);
    }
    assert.deepEqual([...problems, ...made.problems], []);
  });
}

async function validate(config: JsonObject, [program, ...args]: readonly string[] = [envoy!]): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'meltemi-envoy-'));
  try {
    const file = join(directory, 'envoy.json');
    await writeFile(file, JSON.stringify(config));
    // Its access log opens /dev/stdout, which a socket (Node's pipes) refuses.
    const child = spawn(program!, [...args, '--mode', 'validate', '-c', file, '-l', 'error'], {
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
