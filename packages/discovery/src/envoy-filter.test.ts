// What EnvoyFilters change of a proxy's resources, and what they leave as it is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { SnapshotResources } from './compile.ts';
import { BUFFER, envoyFilter, EVERY_PATCH, httpFilterPatch, LUA, MANAGER } from './envoy-filter.test-support.ts';
import { REDIRECTED } from './envoy-validate.test-support.ts';
import { FragmentCache } from './fragment-cache.ts';
import type { ProxyResources } from './resources.ts';
import { at, redirectedNode, resourcesOf, shown, snapshotOf } from './test-world.ts';

const NODE = redirectedNode('strict');
const REVIEWS = 'outbound|9080||reviews.default.svc.cluster.local';

async function patched(patches: readonly object[], node = NODE, more: object = {}): Promise<ProxyResources> {
  return resourcesOf(node, ...REDIRECTED, envoyFilter('test', patches, more, 'istio-system'));
}

/** Names of the HTTP filters in a listener's chains. */
function httpFilters(listener: JsonObject): string[][] {
  return (listener['filterChains'] as JsonObject[]).flatMap((chain) => {
    const [filter] = (chain['filters'] as JsonObject[]).filter(({ name }) => name === MANAGER);
    return filter ? [(at(filter, 'typedConfig.httpFilters') as JsonObject[]).map(({ name }) => name as string)] : [];
  });
}

function names(listener: JsonObject, path: string): JsonValue[] {
  return (at(listener, path) as JsonObject[]).map(({ name }) => name ?? '');
}

test('an HTTP filter is put where the patch says, on the side that it says', async () => {
  const resources = await patched([httpFilterPatch('SIDECAR_INBOUND', 'lua', LUA)]);
  const inbound = httpFilters(shown(resources.LDS, 'virtualInbound'));
  assert.ok(inbound.length > 2);
  assert.ok(inbound.every((filters) => filters.at(-2) === 'lua' && filters.at(-1) === 'envoy.filters.http.router'));
  assert.deepEqual(httpFilters(shown(resources.LDS, '0.0.0.0_9080')).flat().includes('lua'), false);
});

test('a port in a match is that of a chain, where one listener stands for many', async () => {
  const match = { listener: { portNumber: 8080, filterChain: { filter: { name: MANAGER } } } };
  const value = { name: 'lua', typed_config: LUA };
  const patch = { applyTo: 'HTTP_FILTER', match, patch: { operation: 'INSERT_FIRST', value } };
  const resources = await resourcesOf(
    redirectedNode('permissive'),
    ...REDIRECTED,
    envoyFilter('test', [patch], {}, 'istio-system'),
  );
  const listener = shown(resources.LDS, 'virtualInbound');
  const chains = listener['filterChains'] as JsonObject[];
  for (const chain of chains) {
    const [first] = httpFilters({ filterChains: [chain] });
    assert.equal(first?.[0] === 'lua', first !== undefined && at(chain, 'filterChainMatch.destinationPort') === 8080);
  }
  assert.ok(httpFilters(listener).some(([first]) => first === 'lua'));
});

test('what is added last comes before the filter that ends a request', async () => {
  const add = { applyTo: 'HTTP_FILTER', patch: { operation: 'ADD', value: { name: 'b', typed_config: BUFFER } } };
  const [filters] = httpFilters(shown((await patched([add])).LDS, '0.0.0.0_9080'));
  assert.deepEqual(filters?.slice(-2), ['b', 'envoy.filters.http.router']);
});

test('filters are merged through their settings, renamed, replaced and removed', async () => {
  const match = (sub: string) => ({
    listener: { filterChain: { filter: { name: MANAGER, subFilter: { name: sub } } } },
  });
  const buffer = (bytes: number) => ({ name: 'b', typed_config: { ...BUFFER, max_request_bytes: bytes } });
  const patches = [
    { ...httpFilterPatch('ANY', 'b', BUFFER) },
    { applyTo: 'HTTP_FILTER', match: match('b'), patch: { operation: 'MERGE', value: buffer(99) } },
    { applyTo: 'HTTP_FILTER', match: match('envoy.filters.http.cors'), patch: { operation: 'REMOVE' } },
    {
      applyTo: 'HTTP_FILTER',
      match: match('envoy.filters.http.fault'),
      patch: { operation: 'REPLACE', value: buffer(7) },
    },
  ];
  const listener = shown((await patched(patches)).LDS, '0.0.0.0_9080');
  const manager = at(listener, 'filterChains.0.filters.0.typedConfig.httpFilters') as JsonObject[];
  const said = manager.map(({ name, typedConfig }) => [name, at(typedConfig, 'maxRequestBytes')]);
  assert.deepEqual(said.slice(-3), [
    ['b', 99],
    ['b', 99],
    ['envoy.filters.http.router', undefined],
  ]);
  assert.ok(!said.flat().includes('envoy.filters.http.cors'));
});

test('clusters are matched by service, subset, port and name; a removed one is not there', async () => {
  const resources = await resourcesOf(NODE, ...REDIRECTED, ...EVERY_PATCH);
  const subset = shown(resources.CDS, 'outbound|9080|v1|reviews.default.svc.cluster.local');
  assert.deepEqual([subset['connectTimeout'], subset['lbPolicy']], ['1.500s', 'RANDOM']);
  assert.equal(shown(resources.CDS, REVIEWS)['connectTimeout'], '10s');
  assert.ok(!resources.CDS.has('outbound|9080|v2|reviews.default.svc.cluster.local'));
  assert.match(JSON.stringify(at(subset, 'metadata.filterMetadata.meltemi.patches')), /world\.yaml:\d+"\]$/);
  assert.match(
    JSON.stringify(at(shown(resources.CDS, 'extra'), 'metadata.filterMetadata.istio.config')),
    /envoy-filter\/clusters"$/,
  );
});

test('a cluster keeps the settings of its transport socket that a patch does not name', async () => {
  const tls = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext';
  const transport_socket = { name: 'envoy.transport_sockets.tls', typed_config: { '@type': tls, sni: 'patched' } };
  const patches = [{ applyTo: 'CLUSTER', patch: { operation: 'MERGE', value: { transport_socket } } }];
  const cluster = shown((await patched(patches)).CDS, REVIEWS);
  const [mesh, plain] = cluster['transportSocketMatches'] as JsonObject[];
  assert.equal(at(mesh, 'transportSocket.typedConfig.sni'), 'patched');
  assert.ok(at(mesh, 'transportSocket.typedConfig.commonTlsContext.tlsCertificateSdsSecretConfigs'));
  assert.equal(at(plain, 'transportSocket.name'), 'envoy.transport_sockets.raw_buffer');
  assert.equal(cluster['transportSocket'], undefined);
});

test('routes are patched by configuration, host and route, inbound ones where they are', async () => {
  const at9080 = { routeConfiguration: { portNumber: 9080, vhost: { domainName: 'reviews' } } };
  const value = { name: 'mine', match: { prefix: '/mine' }, direct_response: { status: 200 } };
  const patches = [
    { applyTo: 'HTTP_ROUTE', match: at9080, patch: { operation: 'INSERT_FIRST', value } },
    {
      applyTo: 'VIRTUAL_HOST',
      match: { context: 'SIDECAR_INBOUND' },
      patch: { operation: 'MERGE', value: { require_tls: 'ALL' } },
    },
    {
      applyTo: 'VIRTUAL_HOST',
      match: { routeConfiguration: { name: '80', vhost: { name: 'allow_any' } } },
      patch: { operation: 'REMOVE' },
    },
  ];
  const resources = await patched(patches);
  const hosts = shown(resources.RDS, '9080')['virtualHosts'] as JsonObject[];
  assert.deepEqual(
    hosts.filter(({ routes }) => at(routes, '0.name') === 'mine').map(({ name }) => name),
    [`reviews.default.svc.cluster.local:9080`],
  );
  assert.ok(!names(shown(resources.RDS, '80'), 'virtualHosts').includes('allow_any'));
  const chains = shown(resources.LDS, 'virtualInbound')['filterChains'] as JsonObject[];
  const inline = chains.flatMap((chain) => at(chain, 'filters.0.typedConfig.routeConfig.virtualHosts.0') ?? []);
  assert.ok(inline.length > 0 && inline.every((host) => at(host, 'requireTls') === 'ALL'));
});

test('a gateway is patched by the name of its server and by the port of its service', async () => {
  const node = redirectedNode('gateway', 'istio-system', 'router');
  const value = { name: 'mine', domains: ['mine.example'] };
  const match = { context: 'GATEWAY', routeConfiguration: { portName: 'https', gateway: 'default/secure' } };
  const resources = await patched([{ applyTo: 'VIRTUAL_HOST', match, patch: { operation: 'ADD', value } }], node);
  assert.ok(names(shown(resources.RDS, 'https.443.https.secure.default'), 'virtualHosts').includes('mine'));
  assert.ok(!names(shown(resources.RDS, 'http.80'), 'virtualHosts').includes('mine'));
});

test('a listener that is removed is not there, one that is added is told with its place', async () => {
  const resources = await patched([
    { applyTo: 'LISTENER', match: { listener: { name: 'virtualOutbound' } }, patch: { operation: 'REMOVE' } },
    {
      applyTo: 'LISTENER',
      match: { context: 'SIDECAR_OUTBOUND', listener: { portNumber: 9080 } },
      patch: { operation: 'REMOVE' },
    },
    {
      applyTo: 'LISTENER',
      match: { context: 'SIDECAR_OUTBOUND' },
      patch: { operation: 'ADD', value: { name: 'mine' } },
    },
    { applyTo: 'LISTENER', match: { context: 'GATEWAY' }, patch: { operation: 'ADD', value: { name: 'not mine' } } },
  ]);
  assert.deepEqual(
    ['virtualOutbound', '0.0.0.0_9080', '0.0.0.0_80', 'mine', 'not mine'].map((name) => resources.LDS.has(name)),
    [false, false, true, true, false],
  );
  assert.match(
    JSON.stringify(at(shown(resources.LDS, 'mine'), 'metadata.filterMetadata.meltemi.source')),
    /yaml:\d+"$/,
  );
});

test('patches are applied by priority, the root namespace first, and to whom they select', async () => {
  const merge = (timeout: string) => [
    {
      applyTo: 'CLUSTER',
      match: { cluster: { name: REVIEWS } },
      patch: { operation: 'MERGE', value: { connect_timeout: timeout } },
    },
  ];
  const timeout = async (...filters: readonly string[]) =>
    shown((await resourcesOf(NODE, ...REDIRECTED, ...filters)).CDS, REVIEWS)['connectTimeout'];
  const root = envoyFilter('z', merge('2s'), {}, 'istio-system');
  assert.equal(await timeout(envoyFilter('a', merge('1s')), root), '1s');
  assert.equal(await timeout(envoyFilter('a', merge('1s'), { priority: -1 }), root), '2s');
  const selecting = (app: string) => envoyFilter('b', merge('3s'), { workloadSelector: { labels: { app } } });
  assert.equal(await timeout(selecting('strict'), root), '3s');
  assert.equal(await timeout(selecting('other'), root), '2s');
  assert.equal(await timeout(envoyFilter('c', merge('4s'), {}, 'other')), '10s');
});

test('a proxy is told apart by its version and what else it says of itself', async () => {
  const merge = (proxy: object) => [
    {
      applyTo: 'CLUSTER',
      match: { proxy, cluster: { name: REVIEWS } },
      patch: { operation: 'MERGE', value: { connect_timeout: '1s' } },
    },
  ];
  const patchesOf = async (proxy: object, metadata: JsonObject) => {
    const node = { ...NODE, metadata: { ...NODE.metadata, ...metadata } };
    return shown((await patched(merge(proxy), node)).CDS, REVIEWS)['connectTimeout'] === '1s';
  };
  assert.equal(await patchesOf({ proxyVersion: '^1\\.30.*' }, { ISTIO_VERSION: '1.30.2' }), true);
  assert.equal(await patchesOf({ proxyVersion: '^1\\.30.*' }, { ISTIO_VERSION: '1.29.0' }), false);
  assert.equal(await patchesOf({ proxyVersion: '^1\\.30.*' }, {}), false);
  assert.equal(await patchesOf({ metadata: { TEAM: 'a' } }, { TEAM: 'a' }), true);
  assert.equal(await patchesOf({ metadata: { TEAM: 'a' } }, { TEAM: 'b' }), false);
});

test('who is not patched shares the bytes of others, and who is shares what no patch is for', async () => {
  const patch = httpFilterPatch('SIDECAR_INBOUND', 'lua', LUA);
  const filter = envoyFilter('test', [patch], { workloadSelector: { labels: { app: 'strict' } } });
  const cluster = envoyFilter(
    'cluster',
    [
      {
        applyTo: 'CLUSTER',
        match: { cluster: { name: REVIEWS } },
        patch: { operation: 'MERGE', value: { connect_timeout: '1s' } },
      },
    ],
    { workloadSelector: { labels: { app: 'strict' } } },
  );
  const resources = new SnapshotResources(await snapshotOf(...REDIRECTED, filter, cluster), new FragmentCache());
  const [other, same] = [redirectedNode('other'), redirectedNode('another')].map((node) => resources.resourcesOf(node));
  const changed = resources.resourcesOf(NODE);
  const differing = (a: ProxyResources, b: ProxyResources) =>
    (['CDS', 'EDS', 'LDS', 'RDS'] as const).flatMap((type) =>
      [...a[type]].filter(([name, fragment]) => b[type].get(name) !== fragment).map(([name]) => name),
    );
  assert.deepEqual(differing(other!, same!), []);
  assert.deepEqual(differing(changed, other!), [REVIEWS, 'virtualInbound']);
});
