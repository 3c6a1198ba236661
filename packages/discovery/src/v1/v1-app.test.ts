// What the recorded answers don't show: other releases, odd requests, the cache under change.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_V1_MESH, v1Mesh } from './v1-mesh.ts';
import { snapshotOf } from '../test-world.ts';
import { outboundClusterName } from './service-key.ts';
import { v1App } from './v1-app.ts';
import type { V1Options } from './v1-world.ts';

const WORLD = `apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, clusterIP: 10.1.0.1, ports: [{name: http, port: 80, targetPort: 8000}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web-1, labels: {app: web, version: v1}}
spec: {containers: [{name: app, ports: [{containerPort: 8000}]}]}
status: {phase: Running, podIP: 10.0.0.1, conditions: [{type: Ready, status: 'True'}]}
---
apiVersion: v1
kind: Service
metadata: {name: store}
spec: {clusterIP: None, ports: [{name: tcp, port: 5432}]}
---
apiVersion: extensions/v1beta1
kind: Ingress
metadata: {name: front, annotations: {kubernetes.io/ingress.class: istio}}
spec: {tls: [{secretName: keys}], rules: [{http: {paths: [{backend: {serviceName: web, servicePort: 80}}]}}]}
---
apiVersion: config.istio.io/v1alpha2
kind: RouteRule
metadata: {name: front}
spec:
  destination: {name: web}
  match: {request: {headers: {uri: {regex: '/a+'}, method: {exact: GET}}}}
  route: [{labels: {version: v1}}]
`;

interface Documents {
  readonly clusters: readonly Readonly<Record<string, unknown>>[];
  readonly virtual_hosts: readonly { readonly routes: readonly Readonly<Record<string, unknown>>[] }[];
}

const NODE = 'sidecar~10.0.0.1~web-1.default~default.svc.cluster.local';

async function pilot(options: Partial<V1Options> = {}) {
  let snapshot = await snapshotOf(WORLD);
  const app = v1App(() => snapshot, { release: '0.2', mesh: DEFAULT_V1_MESH, ...options });
  return {
    get: async (path: string) => {
      const response = await app.request(path);
      return { status: response.status, text: await response.text() };
    },
    json: async (path: string) => (await app.request(path)).json() as Promise<Record<string, never>>,
    change: async () => void (snapshot = await snapshotOf(WORLD)),
  };
}

test('0.1 lists, tells the secret, and has no listeners; later releases have it the other way', async () => {
  const paths = [
    '/v1/clusters',
    '/v1/routes/',
    '/v1alpha/secret/istio-proxy/ingress',
    '/v1/listeners/istio-proxy/10.0.0.1',
  ];
  const status = async (release: V1Options['release']) => {
    const { get } = await pilot({ release });
    return Promise.all(paths.map(async (path) => (await get(path)).status));
  };
  assert.deepEqual(await status('0.1'), [200, 200, 200, 404]);
  assert.deepEqual(await status('0.2'), [404, 404, 404, 400]);
  const { get } = await pilot({ release: '0.1' });
  assert.equal((await get(paths[2]!)).text, 'keys.default');
});

test('a node that is none is named, and is not kept', async () => {
  const { get, json } = await pilot();
  const { status, text } = await get('/v1/clusters/istio-proxy/nobody');
  assert.deepEqual([status, text], [400, '"nobody" is not a node of a proxy']);
  assert.deepEqual(await json('/cache_stats'), { cache_stats: {} });
});

test('a host says the zone of its node, where that is known', async () => {
  const node = `apiVersion: v1
kind: Node
metadata: {name: n1, labels: {topology.kubernetes.io/region: r1, topology.kubernetes.io/zone: z1}}`;
  const snapshot = await snapshotOf(WORLD.replace('{containers:', '{nodeName: n1, containers:'), node);
  const app = v1App(() => snapshot, { release: '0.2', mesh: DEFAULT_V1_MESH });
  assert.deepEqual(await (await app.request('/v1/registration/web.default.svc.cluster.local|http')).json(), {
    hosts: [{ ip_address: '10.0.0.1', port: 8000, tags: { az: 'r1/z1' } }],
  });
});

test('a bar may be escaped or not: it is one URL', async () => {
  const { get, json } = await pilot();
  const [raw, escaped] = ['|', '%7C'].map((bar) => `/v1/registration/web.default.svc.cluster.local${bar}http`);
  assert.equal((await get(raw!)).text, (await get(escaped!)).text);
  assert.deepEqual(await json('/cache_stats'), { cache_stats: { [escaped!]: { hit: 1, miss: 1 } } });
});

test('a change of the world is seen at once', async () => {
  const { get, json, change } = await pilot();
  await get('/v1/registration');
  await change();
  await get('/v1/registration');
  assert.deepEqual(await json('/cache_stats'), { cache_stats: { '/v1/registration': { hit: 0, miss: 2 } } });
});

test('a route that nobody serves has no hosts', async () => {
  const { json } = await pilot();
  assert.deepEqual(await json(`/v1/routes/4711/istio-proxy/${NODE}`), { virtual_hosts: [] });
});

test('a regular expression of a path, and parts of the request itself', async () => {
  const { json } = await pilot();
  const [host] = (await json(`/v1/routes/80/istio-proxy/${NODE}`))['virtual_hosts'] as unknown as [
    { routes: Record<string, unknown>[] },
  ];
  const { cluster: _cluster, ...match } = host.routes[0]!;
  assert.deepEqual(match, { regex: '/a+', headers: [{ name: ':method', value: 'GET' }] });
  assert.equal(host.routes.length, 2);
});

test('a service without an address is called where the connection was sent', async () => {
  const { json } = await pilot();
  const { clusters } = (await json(`/v1/clusters/istio-proxy/${NODE}`)) as unknown as { clusters: { name: string }[] };
  assert.ok(clusters.some(({ name }) => name === 'out.orig-dst-cluster-tcp'));
  const { listeners } = (await json(`/v1/listeners/istio-proxy/${NODE}`)) as unknown as {
    listeners: { name: string }[];
  };
  assert.deepEqual(
    listeners.map(({ name }) => name),
    ['virtual', 'tcp_0.0.0.0_5432', 'http_0.0.0.0_80', 'http_10.0.0.1_8000'],
  );
});

const OUTSIDE = `apiVersion: v1
kind: Service
metadata: {name: out}
spec: {type: ExternalName, externalName: out.example, ports: [{name: https, port: 443}]}
---
apiVersion: config.istio.io/v1alpha2
kind: RouteRule
metadata: {name: mirror}
spec: {destination: {name: web}, mirror: {name: web, labels: {version: v2}}, appendHeaders: {x-b: '2', x-a: '1'}}`;

test('without an egress proxy external services are called by their own name, over TLS of their own', async () => {
  const snapshot = await snapshotOf(WORLD, OUTSIDE);
  const app = v1App(() => snapshot, { release: '0.7', mesh: { ...DEFAULT_V1_MESH, mutualTls: true } });
  const { clusters } = (await (await app.request(`/v1/clusters/istio-proxy/${NODE}`)).json()) as Documents;
  const outside = clusters.find(({ type }) => type === 'strict_dns');
  assert.deepEqual(outside, {
    name: outside!['name'],
    connect_timeout_ms: 1000,
    type: 'strict_dns',
    lb_type: 'round_robin',
    hosts: [{ url: 'tcp://out.example:443' }],
    ssl_context: {},
  });
  const { virtual_hosts: hosts } = (await (
    await app.request(`/v1/routes/443/istio-proxy/${NODE}`)
  ).json()) as Documents;
  assert.deepEqual(hosts[0]!.routes, [{ prefix: '/', cluster: outside['name'], auto_host_rewrite: true }]);
});

test('a rule mirrors requests, and adds headers to them', async () => {
  const snapshot = await snapshotOf(WORLD, OUTSIDE);
  const app = v1App(() => snapshot, { release: '0.7', mesh: DEFAULT_V1_MESH });
  const { virtual_hosts: hosts } = (await (await app.request(`/v1/routes/80/istio-proxy/${NODE}`)).json()) as Documents;
  const route = hosts[0]!.routes.at(-1)!;
  const cluster = outboundClusterName({
    host: 'web.default.svc.cluster.local',
    port: 'http',
    labels: { version: 'v2' },
  });
  assert.deepEqual(route['shadow'], { cluster });
  assert.deepEqual(route['request_headers_to_add'], [
    { key: 'x-a', value: '1' },
    { key: 'x-b', value: '2' },
  ]);
});

test('where pods share a network, the cluster of the application is its own port', async () => {
  const placed = WORLD.replace(
    'labels: {app: web, version: v1}',
    `labels: {app: web}, annotations: {mesh.meltemi.io/ports: '{"inbound":{"8000":{"listen":"127.0.0.1:20011","app":"127.0.0.1:20012"}}}'}`,
  );
  const snapshot = await snapshotOf(placed);
  const app = v1App(() => snapshot, { release: '0.2', mesh: DEFAULT_V1_MESH });
  const { clusters } = (await (await app.request(`/v1/clusters/istio-proxy/${NODE}`)).json()) as Documents;
  const own = clusters.find(({ name }) => name === 'in.20011');
  assert.deepEqual(own?.['hosts'], [{ url: 'tcp://127.0.0.1:20012' }]);
});

test('one namespace is watched', async () => {
  const { json } = await pilot({ namespace: 'elsewhere' });
  assert.deepEqual(await json('/v1/registration'), []);
});

test('the settings of the mesh, and defaults for what is missing or of another type', () => {
  assert.deepEqual(v1Mesh({ authPolicy: 'MUTUAL_TLS', connectTimeout: '2s', proxyListenPort: 'x' }), {
    ...DEFAULT_V1_MESH,
    mutualTls: true,
    connectTimeoutMs: 2000,
  });
  assert.deepEqual(v1Mesh(undefined), DEFAULT_V1_MESH);
});
