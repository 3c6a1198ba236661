// Our clusters choose the hosts that a real Envoy chooses: rings, Maglev tables, subsets, hash policies.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, createServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import { withoutEnvoy as skip } from './support/envoy.ts';
import { startPairedProxies } from './support/paired-proxies.ts';

const TYPE = 'type.googleapis.com/envoy.extensions';
const POLICIES = `${TYPE}.load_balancing_policies`;
const HOSTS = 5;
const KEYS = 600;

interface Endpoint {
  readonly weight?: number;
  readonly labels?: JsonObject;
  readonly hostname?: string;
  readonly health?: string;
  readonly zone?: string;
  readonly zoneWeight?: number;
  readonly priority?: number;
}

interface Case {
  readonly name: string;
  /** Further fields of the cluster and of the route's action. */
  readonly cluster: JsonObject;
  readonly action?: JsonObject;
  /** By the number of the host. */
  readonly endpoints?: readonly Endpoint[];
  /** How many keys; those that lead nowhere need few. */
  readonly keys?: number;
}

const WEIGHTS: readonly Endpoint[] = [1, 2, 3, 5, 9].map((weight) => ({ weight }));
const NAMES: readonly Endpoint[] = ['ada', 'bob', 'cyd', 'dan', 'eve'].map((name) => ({
  hostname: `${name}.test`,
  ...(name < 'c' && { labels: { hash_key: `key-${name}` } }),
}));
const ZONES: readonly Endpoint[] = [
  { zone: 'a', zoneWeight: 3 },
  { zone: 'a', zoneWeight: 3, weight: 4 },
  { zone: 'b', zoneWeight: 1 },
  { zone: 'b', zoneWeight: 1, health: 'UNHEALTHY' },
  { zone: 'c', zoneWeight: 2 },
];
const PRIORITIES: readonly Endpoint[] = [
  {},
  { health: 'UNHEALTHY' },
  { health: 'UNHEALTHY' },
  { priority: 1 },
  { priority: 1 },
];
const HALF_DEAD: readonly Endpoint[] = [
  {},
  { health: 'UNHEALTHY' },
  { health: 'UNHEALTHY' },
  { health: 'UNHEALTHY' },
  {},
];

const LABELS: readonly Endpoint[] = [
  { labels: { version: 'v1', stage: 'prod' } },
  { labels: { version: 'v2', stage: 'prod' } },
  { labels: { version: 'v2', stage: 'dev' } },
  { labels: { version: ['v1', 'v3'], stage: 'dev' } },
  { labels: { stage: 'prod' } },
];
const SELECTORS: JsonObject[] = [{ keys: ['version'] }, { keys: ['stage', 'version'] }];

const ring = (config: JsonObject = {}): JsonObject => ({ lbPolicy: 'RING_HASH', ringHashLbConfig: config });
const maglev = (tableSize = 65537): JsonObject => ({ lbPolicy: 'MAGLEV', maglevLbConfig: { tableSize } });
const typed = (name: string, config: JsonObject): JsonObject => ({
  loadBalancingPolicy: {
    policies: [{ typedExtensionConfig: { name, typedConfig: { '@type': `${POLICIES}.${name}`, ...config } } }],
  },
});
const subsets = (config: JsonObject): JsonObject => ({
  ...maglev(101),
  lbSubsetConfig: { subsetSelectors: SELECTORS, ...config },
});
const labels = (wanted: JsonObject): JsonObject => ({ metadataMatch: { filterMetadata: { 'envoy.lb': wanted } } });
const byHeader = (headerName: string, more: JsonObject = {}): JsonObject => ({ header: { headerName }, ...more });

const CASES: readonly Case[] = [
  { name: 'ring', cluster: ring() },
  { name: 'ring-weights', cluster: ring({ minimumRingSize: 100 }), endpoints: WEIGHTS },
  { name: 'ring-large', cluster: ring({ minimumRingSize: 5000, maximumRingSize: 5003 }), endpoints: WEIGHTS },
  { name: 'ring-small', cluster: ring({ minimumRingSize: 1, maximumRingSize: 7 }), endpoints: WEIGHTS },
  { name: 'ring-murmur', cluster: ring({ hashFunction: 'MURMUR_HASH_2' }), endpoints: WEIGHTS },
  { name: 'ring-keys', cluster: ring(), endpoints: NAMES },
  {
    name: 'ring-names',
    // Envoy hashes names in clusters of this type only.
    cluster: {
      ...ring(),
      type: 'STRICT_DNS',
      commonLbConfig: { consistentHashingLbConfig: { useHostnameForHashing: true } },
    },
    endpoints: NAMES,
  },
  { name: 'ring-zones', cluster: { ...ring(), commonLbConfig: { localityWeightedLbConfig: {} } }, endpoints: ZONES },
  { name: 'ring-priorities', cluster: ring(), endpoints: PRIORITIES },
  { name: 'ring-panic', cluster: ring(), endpoints: HALF_DEAD },
  { name: 'maglev', cluster: maglev() },
  { name: 'maglev-weights', cluster: maglev(1009), endpoints: WEIGHTS },
  { name: 'maglev-names', cluster: maglev(), endpoints: NAMES },
  {
    name: 'maglev-zones',
    cluster: { ...maglev(), commonLbConfig: { localityWeightedLbConfig: {} } },
    endpoints: ZONES,
  },
  {
    name: 'typed-ring',
    cluster: typed('ring_hash.v3.RingHash', {
      minimumRingSize: 64,
      hashFunction: 'MURMUR_HASH_2',
      localityWeightedLbConfig: {},
    }),
    endpoints: ZONES,
  },
  { name: 'typed-maglev', cluster: typed('maglev.v3.Maglev', { tableSize: 211 }), endpoints: WEIGHTS },
  { name: 'subset-v2', cluster: subsets({}), action: labels({ version: 'v2' }), endpoints: LABELS },
  { name: 'subset-both', cluster: subsets({}), action: labels({ stage: 'dev', version: 'v2' }), endpoints: LABELS },
  { name: 'subset-list', cluster: subsets({ listAsAny: true }), action: labels({ version: 'v1' }), endpoints: LABELS },
  { name: 'subset-none', cluster: subsets({}), action: labels({ version: 'v9' }), endpoints: LABELS, keys: 3 },
  {
    name: 'subset-any',
    cluster: subsets({ fallbackPolicy: 'ANY_ENDPOINT' }),
    action: labels({ version: 'v9' }),
    endpoints: LABELS,
  },
  {
    name: 'subset-default',
    cluster: subsets({ fallbackPolicy: 'DEFAULT_SUBSET', defaultSubset: { stage: 'prod' } }),
    action: labels({ version: 'v9' }),
    endpoints: LABELS,
  },
  {
    name: 'subset-unlabelled',
    cluster: subsets({ fallbackPolicy: 'DEFAULT_SUBSET', defaultSubset: { stage: 'dev' } }),
    endpoints: LABELS,
  },
  {
    name: 'subset-keys',
    cluster: subsets({
      subsetSelectors: [
        { keys: ['version'], fallbackPolicy: 'NO_FALLBACK' },
        { keys: ['stage', 'version'], fallbackPolicy: 'KEYS_SUBSET', fallbackKeysSubset: ['version'] },
      ],
      fallbackPolicy: 'ANY_ENDPOINT',
    }),
    action: labels({ version: 'v2', stage: 'test' }),
    endpoints: LABELS,
  },
  {
    name: 'subset-panic',
    cluster: subsets({ fallbackPolicy: 'DEFAULT_SUBSET', defaultSubset: { stage: 'x' }, panicModeAny: true }),
    action: labels({ version: 'v9' }),
    endpoints: LABELS,
  },
  {
    name: 'subset-fallback-list',
    cluster: subsets({ metadataFallbackPolicy: 'FALLBACK_LIST' }),
    action: labels({ fallback_list: [{ version: 'v8' }, { version: 'v2' }] }),
    endpoints: LABELS,
  },
  {
    name: 'typed-subset',
    cluster: typed('subset.v3.Subset', {
      subsetSelectors: SELECTORS,
      subsetLbPolicy: typed('maglev.v3.Maglev', { tableSize: 101 })['loadBalancingPolicy']!,
    }),
    action: labels({ version: 'v2' }),
    endpoints: LABELS,
  },
  {
    name: 'policies',
    cluster: ring(),
    action: {
      hashPolicy: [
        byHeader('x-key'),
        byHeader('x-many'),
        byHeader('x-absent'),
        { cookie: { name: 'session' } },
        { queryParameter: { name: 'q' } },
        { connectionProperties: { sourceIp: true } },
      ],
    },
  },
  {
    name: 'terminal',
    cluster: ring(),
    action: {
      hashPolicy: [byHeader('x-absent', { terminal: true }), byHeader('x-key', { terminal: true }), byHeader('x-many')],
    },
  },
  {
    name: 'rewritten',
    cluster: ring(),
    action: {
      hashPolicy: [
        {
          header: {
            headerName: 'x-key',
            regexRewrite: { pattern: { regex: '^key-(\\d*)\\d$' }, substitution: 'tens-\\1' },
          },
        },
      ],
    },
  },
];

const servers: Server[] = [];
before(async () => {
  for (let index = 0; index < HOSTS; index++) {
    const server = createServer((_request, response) => response.end(String(index)));
    servers.push(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
  }
});
after(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

test('every key leads to the same host', { skip }, async (context) => {
  const listeners = [{ filters: [], routes: CASES.map(routeOf) }];
  const pair = await startPairedProxies(context, { listeners, clusters: CASES.map(clusterOf) });
  const ours = await seenBy(pair.ours.listeners[0]!);
  const envoys = await seenBy(pair.envoy.listeners[0]!);
  for (const { name } of CASES) assert.deepEqual(ours[name], envoys[name], name);
  const reached = (name: string) => new Set(envoys[name]).size;
  assert.deepEqual(
    [reached('ring'), reached('maglev'), reached('subset-v2'), envoys['subset-none']![0]],
    [5, 5, 2, '503'],
  );
});

type Seen = Readonly<Record<string, readonly string[]>>;

async function seenBy(port: number): Promise<Seen> {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const seen: Record<string, readonly string[]> = {};
  for (const { name, keys = KEYS } of CASES) {
    seen[name] = await Promise.all(Array.from({ length: keys }, (_, key) => ask(agent, port, name, key)));
  }
  agent.destroy();
  return seen;
}

/** The number of the host that answered, or the status where none did. */
async function ask(agent: Agent, port: number, name: string, key: number): Promise<string> {
  const headers = {
    'x-key': `key-${key}`,
    'x-many': [`b${key}`, `a${key % 7}`],
    cookie: `a=b; session="s${key}"`,
  };
  const request = get({ agent, host: '127.0.0.1', port, path: `/${name}?p=1&q=${key}`, headers });
  const [response] = await once(request, 'response');
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return response.statusCode === 200 ? text : String(response.statusCode);
}

function routeOf({ name, action }: Case): object {
  return { match: { path: `/${name}` }, route: { cluster: name, hashPolicy: [byHeader('x-key')], ...action } };
}

function clusterOf({ name, cluster, endpoints = [] }: Case): JsonObject {
  const groups = Map.groupBy(
    servers.map((server, index) => ({ port: (server.address() as AddressInfo).port, ...endpoints[index] })),
    ({ zone = '', zoneWeight = 0, priority = 0 }) => `${zone} ${zoneWeight} ${priority}`,
  );
  const localities = [...groups.values()].map((members) => ({
    locality: { zone: members[0]!.zone ?? '' },
    priority: members[0]!.priority ?? 0,
    ...(members[0]!.zoneWeight && { loadBalancingWeight: members[0]!.zoneWeight }),
    lbEndpoints: members.map((member) => ({
      endpoint: { address: address(member.port), hostname: member.hostname ?? '' },
      healthStatus: member.health ?? 'UNKNOWN',
      metadata: { filterMetadata: { 'envoy.lb': member.labels ?? {} } },
      ...(member.weight && { loadBalancingWeight: member.weight }),
    })),
  }));
  return {
    name,
    type: 'STATIC',
    connectTimeout: '1s',
    loadAssignment: { clusterName: name, endpoints: localities },
    ...cluster,
  };
}

function address(port: number): JsonObject {
  return { socketAddress: { address: '127.0.0.1', portValue: port } };
}
