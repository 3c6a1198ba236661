// Endpoints of other networks are reached by their gateways, which pass mutual TLS on by the name in its hello.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { SnapshotResources } from './compile.ts';
import { FragmentCache } from './fragment-cache.ts';
import { acrossNetworks } from './input/across-networks.ts';
import { NO_WORKLOAD } from './input/endpoint-inputs.ts';
import type { MeshNetworks } from './mesh-networks.ts';
import { meshNetworks } from './mesh-networks.ts';
import type { ProxyNode } from './proxy-node.ts';
import type { ProxyResources } from './resources.ts';
import { at, redirectedNode, rule, shown, snapshotOf } from './test-world.ts';

/** A service with endpoints at home, in a network of two gateways, in one by address, and one that no gateway leads to. */
const WORLD = [
  rule('ServiceEntry', 'web', {
    hosts: ['web.example'],
    ports: [{ number: 80, name: 'http', protocol: 'HTTP' }],
    location: 'MESH_INTERNAL',
    resolution: 'STATIC',
    endpoints: [
      { address: '10.0.0.1', serviceAccount: 'web' },
      { address: '10.1.0.1', serviceAccount: 'web', network: 'far', weight: 3 },
      { address: '10.1.0.2', network: 'far', labels: { 'security.istio.io/tlsMode': 'disabled' } },
      { address: '10.2.0.1', serviceAccount: 'web' },
      { address: '10.3.0.1', serviceAccount: 'web', labels: { 'topology.istio.io/network': 'lonely' } },
    ],
  }),
  rule('ServiceEntry', 'gate', {
    hosts: ['gate.example'],
    ports: [{ number: 15443, name: 'tls', protocol: 'TLS' }],
    location: 'MESH_INTERNAL',
    resolution: 'STATIC',
    endpoints: [{ address: '192.0.2.9', ports: { tls: 443 } }],
  }),
  rule('DestinationRule', 'web', { host: 'web.example', subsets: [{ name: 'v1', labels: {} }] }),
];

const { networks: NETWORKS, problems } = meshNetworks({
  networks: {
    far: {
      endpoints: [],
      gateways: [
        { address: '192.0.2.1', port: 15443 },
        { address: '192.0.2.2', port: 15443 },
      ],
    },
    addressed: {
      endpoints: [{ fromCidr: '10.2.0.0/16' }],
      gateways: [{ registryServiceName: 'gate.example', port: 15443 }],
    },
    home: { endpoints: [{ fromCidr: '10.0.0.0/16' }], gateways: [{ address: '192.0.2.3', port: 15443 }] },
  },
});

async function made(node: ProxyNode, networks: MeshNetworks, ...more: readonly string[]): Promise<ProxyResources> {
  const snapshot = await snapshotOf(...WORLD, ...more);
  const resources = new SnapshotResources({ ...snapshot, mesh: { ...snapshot.mesh, networks } }, new FragmentCache());
  const result = resources.resourcesOf(node);
  assert.ok(result.EDS.size > 0 && result.CDS.size > 0 && result.LDS.size >= 0);
  assert.deepEqual(resources.problems, []);
  return result;
}

/** `ADDRESS:PORT` with its weight. */
function dialled(resources: ProxyResources, name = 'outbound|80||web.example'): Record<string, JsonValue | undefined> {
  const localities = shown(resources.EDS, name)['endpoints'] as JsonObject[];
  const endpoints = localities.flatMap(({ lbEndpoints }) => lbEndpoints as JsonObject[]);
  return Object.fromEntries(
    endpoints.map((each) => {
      const { address, portValue } = at(each, 'endpoint.address.socketAddress') as Record<string, string | number>;
      return [`${address}:${portValue}`, each['loadBalancingWeight']];
    }),
  );
}

const node = (network: string): ProxyNode => ({ ...redirectedNode('a'), metadata: { NETWORK: network } });

test('without gateways every endpoint is dialled itself', async () => {
  assert.deepEqual(problems, []);
  const plain = { '10.0.0.1:80': 1, '10.1.0.1:80': 3, '10.1.0.2:80': 1, '10.2.0.1:80': 1, '10.3.0.1:80': 1 };
  assert.deepEqual(dialled(await made(node('home'), {})), plain);
});

test('gateways stand in the place of what is in another network and takes mutual TLS', async () => {
  assert.deepEqual(dialled(await made(node('home'), NETWORKS)), {
    '10.0.0.1:80': 2,
    '192.0.2.1:15443': 3,
    '192.0.2.2:15443': 3,
    '192.0.2.9:443': 2,
    '10.3.0.1:80': 2,
  });
  assert.deepEqual(dialled(await made(node('far'), NETWORKS)), {
    '192.0.2.3:15443': 2,
    '10.1.0.1:80': 6,
    '10.1.0.2:80': 2,
    '192.0.2.9:443': 2,
    '10.3.0.1:80': 2,
  });
});

test('a gateway is dialled by mutual TLS', async () => {
  const [locality] = shown((await made(node('home'), NETWORKS)).EDS, 'outbound|80||web.example')[
    'endpoints'
  ] as JsonObject[];
  const gateway = (locality!['lbEndpoints'] as JsonObject[]).find(
    (each) => at(each, 'endpoint.address.socketAddress.address') === '192.0.2.1',
  );
  assert.equal(at(gateway, 'metadata.filterMetadata')?.constructor, Object);
  assert.match(JSON.stringify(gateway), /"envoy.transport_socket_match":\{"tlsMode":"istio"\}/);
});

test('proxies of one network share their endpoints, those of another have their own', async () => {
  const snapshot = await snapshotOf(...WORLD);
  const resources = new SnapshotResources(
    { ...snapshot, mesh: { ...snapshot.mesh, networks: NETWORKS } },
    new FragmentCache(),
  );
  const [one, same, other] = [node('home'), { ...node('home'), id: 'x' }, node('far')].map((each) =>
    resources.resourcesOf(each).EDS.get('outbound|80||web.example'),
  );
  assert.equal(one, same);
  assert.notEqual(one, other);
});

test('a gateway between networks leads by the name in the hello to endpoints of its own network', async () => {
  const gateway = rule('Gateway', 'cross-network', {
    selector: { istio: 'ingressgateway' },
    servers: [
      {
        port: { number: 15443, name: 'tls', protocol: 'TLS' },
        hosts: ['*.example'],
        tls: { mode: 'AUTO_PASSTHROUGH' },
      },
    ],
  });
  const router = { ...redirectedNode('gateway', 'default', 'router'), metadata: { NETWORK: 'far' } };
  const resources = await made(router, { far: NETWORKS['far']! }, gateway);
  const listener = shown(resources.LDS, '0.0.0.0_15443');
  const chain = at(listener, 'filterChains.0') as JsonObject;
  assert.deepEqual(at(chain, 'filterChainMatch.serverNames'), ['*.example']);
  assert.ok((at(chain, 'filterChainMatch.applicationProtocols') as string[]).includes('istio'));
  const filters = (chain['filters'] as JsonObject[]).map(({ name }) => name);
  assert.deepEqual(filters, ['envoy.filters.network.sni_cluster', 'envoy.filters.network.tcp_proxy']);
  const name = 'outbound_.80_._.web.example';
  const cluster = shown(resources.CDS, name);
  assert.deepEqual([cluster['transportSocket'], cluster['transportSocketMatches']], [undefined, undefined]);
  assert.ok(resources.CDS.has('outbound_.80_.v1_.web.example'));
  assert.deepEqual(Object.keys(dialled(resources, name)).sort(), [
    '10.0.0.1:80',
    '10.1.0.1:80',
    '10.2.0.1:80',
    '10.3.0.1:80',
  ]);
});

test('a network that is written wrong is said, and left out', () => {
  const { networks, problems: said } = meshNetworks({
    networks: { a: { gateways: [{ address: 'x', port: 0 }] }, b: { endpoints: [{ fromRegistry: 'r' }] } },
  });
  assert.deepEqual(Object.keys(networks), ['b']);
  assert.deepEqual(
    said.map(({ severity, path }) => `${severity} ${path}`),
    ['error networks.a.gateways[0].port', 'warning networks.b.endpoints[0].fromRegistry'],
  );
});

test('however many gateways there are, each network keeps its share of the weight', () => {
  const names = ['home', 'far', 'other'] as const;
  const endpoint = fc.record({ network: fc.constantFrom(...names), weight: fc.integer({ min: 1, max: 20 }) });
  const counts = fc.record({ far: fc.integer({ min: 1, max: 5 }), other: fc.integer({ min: 1, max: 5 }) });
  fc.assert(
    fc.property(fc.array(endpoint, { minLength: 1 }), counts, (written, { far, other }) => {
      const addresses = (count: number, port: number) =>
        Array.from({ length: count }, (_, index) => ({ host: `192.0.2.${index}`, port }));
      const gateways = { far: addresses(far, 1), other: addresses(other, 2) };
      const view = { own: 'home', gateways, networks: {}, key: '' };
      const endpoints = written.map(({ network, weight }) => ({
        network,
        endpoint: { ...NO_WORKLOAD, host: '10.0.0.1', port: 3, weight, inMesh: true },
      }));
      const result = acrossNetworks(endpoints, view, (address, weight) => ({ ...NO_WORKLOAD, ...address, weight }));
      const total = (port: number) =>
        result.filter((each) => each.port === port).reduce((sum, each) => sum + each.weight, 0);
      const wanted = (name: string) =>
        written.filter(({ network }) => network === name).reduce((sum, each) => sum + each.weight, 0);
      const [home, first, second] = [total(3), total(1), total(2)];
      assert.ok(result.every(({ weight }) => Number.isInteger(weight)));
      assert.equal(home * wanted('far'), first * wanted('home'));
      assert.equal(first * wanted('other'), second * wanted('far'));
    }),
  );
});
