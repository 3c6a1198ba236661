// What proxies get to which the network leads connections: one test a behaviour.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import { at, policy, redirectedNode, resourcesOf, rule, service, shown } from './test-world.ts';

const NODE = redirectedNode('caller');
const OWN = rule('ServiceEntry', 'own', {
  hosts: ['own.example'],
  ports: [
    { number: 8080, name: 'http', protocol: 'HTTP' },
    { number: 8082, name: 'tcp', protocol: 'TCP' },
  ],
  location: 'MESH_INTERNAL',
  resolution: 'STATIC',
  endpoints: [{ address: '10.0.0.1' }],
});
const entry = (name: string, address: string, port: object) =>
  rule('ServiceEntry', name, { hosts: [`${name}.example`], addresses: [address], ports: [port], resolution: 'STATIC' });

const listeners = async (...yaml: readonly string[]) => (await resourcesOf(NODE, ...yaml)).LDS;
const names = (all: ReadonlyMap<string, unknown>) => [...all.keys()];

test('the network leads all connections to two listeners, which hand them on', async () => {
  const all = await listeners(service('reviews'));
  assert.deepEqual(names(all), ['virtualInbound', 'virtualOutbound', '0.0.0.0_9080']);
  assert.equal(at(shown(all, 'virtualOutbound'), 'useOriginalDst'), true);
  assert.equal(at(shown(all, 'virtualInbound'), 'listenerFilters.0.name'), 'envoy.filters.listener.original_dst');
  assert.equal(at(shown(all, '0.0.0.0_9080'), 'bindToPort'), false);
});

test('HTTP services of one port share its routes; others are told apart by their hosts', async () => {
  const { RDS } = await resourcesOf(NODE, service('reviews'), service('ratings', 9080, 'prod'));
  assert.deepEqual(names(RDS), ['9080']);
  const hosts = at(shown(RDS, '9080'), 'virtualHosts') as JsonObject[];
  assert.deepEqual(
    hosts.map(({ domains }) => domains),
    [
      ['ratings.prod.svc.cluster.local', 'ratings.prod.svc.cluster.local.', 'ratings.prod', 'ratings.prod.svc'],
      [
        'reviews.default.svc.cluster.local',
        'reviews.default.svc.cluster.local.',
        'reviews',
        'reviews.default',
        'reviews.default.svc',
      ],
      ['*'],
    ],
  );
});

test('nothing is read of connections whose server speaks first', async () => {
  const all = await listeners(OWN, entry('db', '10.9.0.1', { number: 3306, name: 'mysql', protocol: 'MYSQL' }));
  assert.equal(at(shown(all, '10.9.0.1_3306'), 'listenerFilters'), undefined);
  const filters = at(shown(all, 'virtualInbound'), 'listenerFilters') as JsonObject[];
  const http = filters.find(({ name }) => name === 'envoy.filters.listener.http_inspector');
  const but = at(http, 'filterDisabled.orMatch.rules') as JsonObject[];
  assert.deepEqual(
    but.map((rule) => at(rule, 'destinationPortRange')),
    [
      { start: 8080, end: 8081 },
      { start: 8082, end: 8083 },
      { start: 15_006, end: 15_007 },
    ],
  );
});

test('an address that two services name is the first one’s', async () => {
  const port = { number: 9999, name: 'tcp', protocol: 'TCP' };
  const all = await listeners(entry('a', '10.9.0.1', port), entry('b', '10.9.0.1', port));
  const cluster = at(shown(all, '10.9.0.1_9999'), 'filterChains.0.filters.0.typedConfig.cluster');
  assert.equal(cluster, 'outbound|9999||a.example');
});

/** What a client in plaintext and one of the mesh may do on the port, by the chains there. */
async function transports(port: number, ...yaml: readonly string[]): Promise<unknown[]> {
  const chains = at(shown(await listeners(OWN, ...yaml), 'virtualInbound'), 'filterChains') as JsonObject[];
  const own = chains.filter((chain) => at(chain, 'filterChainMatch.destinationPort') === port);
  return own.map((chain) => [
    at(chain, 'filterChainMatch.transportProtocol') ?? 'any',
    chain['transportSocket'] !== undefined,
  ]);
}

test('a workload’s own policy stands before its namespace’s, and that before the mesh’s', async () => {
  const mesh = policy('PeerAuthentication', 'mesh', { mtls: { mode: 'STRICT' } }, 'istio-system');
  const namespace = policy('PeerAuthentication', 'namespace', { mtls: { mode: 'DISABLE' } });
  const selector = { matchLabels: { app: 'caller' } };
  const own = policy('PeerAuthentication', 'own', { selector, portLevelMtls: { 8080: { mode: 'PERMISSIVE' } } });
  const permissive = [
    ['tls', true],
    ['raw_buffer', false],
  ];
  assert.deepEqual(await transports(8080), permissive);
  assert.deepEqual(await transports(8080, mesh), [['tls', true]]);
  assert.deepEqual(await transports(8080, mesh, namespace), [['any', false]]);
  assert.deepEqual(await transports(8080, mesh, namespace, own), permissive);
  assert.deepEqual(await transports(8082, mesh, namespace, own), [['any', false]]);
});

test('a Sidecar leaves what it names, and what rules there lead to', async () => {
  const world = [
    service('reviews'),
    service('ratings'),
    service('details'),
    rule('VirtualService', 'reviews', {
      hosts: ['reviews'],
      http: [{ route: [{ destination: { host: 'ratings' } }] }],
    }),
    rule('Sidecar', 'default', {
      egress: [{ hosts: ['./reviews.default.svc.cluster.local'] }],
      outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' },
    }),
  ];
  const { CDS, RDS } = await resourcesOf(NODE, ...world);
  assert.deepEqual(
    names(CDS).filter((name) => name.startsWith('outbound|')),
    ['outbound|9080||ratings.default.svc.cluster.local', 'outbound|9080||reviews.default.svc.cluster.local'],
  );
  const hosts = at(shown(RDS, '9080'), 'virtualHosts') as JsonObject[];
  assert.deepEqual(
    hosts.map(({ name }) => name),
    ['reviews.default.svc.cluster.local:9080', 'block_all'],
  );
});

test('a Sidecar of other workloads says nothing', async () => {
  const other = rule('Sidecar', 'other', {
    workloadSelector: { labels: { app: 'other' } },
    egress: [{ hosts: ['~/*'] }],
  });
  const { CDS } = await resourcesOf(NODE, service('reviews'), other);
  assert.ok(CDS.has('outbound|9080||reviews.default.svc.cluster.local'));
});

test('connections to addresses that nobody named keep them', async () => {
  const { CDS } = await resourcesOf(
    NODE,
    OWN,
    rule('ServiceEntry', 'any', {
      hosts: ['*.example.org'],
      ports: [{ number: 443, name: 'tls', protocol: 'TLS' }],
    }),
  );
  const types = [...CDS.keys()].map((name) => [name, at(shown(CDS, name), 'type')]);
  assert.deepEqual(Object.fromEntries(types), {
    'outbound|443||*.example.org': 'ORIGINAL_DST',
    'outbound|8080||own.example': 'EDS',
    'outbound|8082||own.example': 'EDS',
    'inbound|8080||': 'ORIGINAL_DST',
    'inbound|8082||': 'ORIGINAL_DST',
    PassthroughCluster: 'ORIGINAL_DST',
    InboundPassthroughCluster: 'ORIGINAL_DST',
    BlackHoleCluster: 'STATIC',
  });
});

test('mutual TLS goes to the endpoints that have a sidecar, plaintext to the others', async () => {
  const pods = ['a', 'b'].map((name, index) => ({
    address: `10.0.1.${index}`,
    labels: { app: name, ...(name === 'a' && { 'security.istio.io/tlsMode': 'istio' }) },
  }));
  const mixed = rule('ServiceEntry', 'mixed', {
    hosts: ['mixed.example'],
    ports: [{ number: 80, name: 'http', protocol: 'HTTP' }],
    location: 'MESH_INTERNAL',
    resolution: 'STATIC',
    endpoints: pods,
  });
  const { CDS, EDS } = await resourcesOf(NODE, mixed);
  const cluster = shown(CDS, 'outbound|80||mixed.example');
  assert.equal(cluster['transportSocket'], undefined);
  const ways = cluster['transportSocketMatches'] as JsonObject[];
  assert.deepEqual(
    ways.map(({ match, transportSocket }) => [match, at(transportSocket, 'name')]),
    [
      [{ tlsMode: 'istio' }, 'envoy.transport_sockets.tls'],
      [{}, 'envoy.transport_sockets.raw_buffer'],
    ],
  );
  const endpoints = at(shown(EDS, 'outbound|80||mixed.example'), 'endpoints.0.lbEndpoints') as JsonObject[];
  const modes = endpoints.map(
    (each) => (at(each, 'metadata.filterMetadata') as JsonObject)['envoy.transport_socket_match'],
  );
  assert.deepEqual(modes, [{ tlsMode: 'istio' }, undefined]);
});
