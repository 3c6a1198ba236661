import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test, type TestContext } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { packAny, type XdsType } from '@meltemi/api';
import { BootstrapSchema } from '@meltemi/api/envoy/config/bootstrap/v3/bootstrap_pb';
import { ListenerSchema } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import { HttpConnectionManagerSchema } from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { SecretSchema } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import { ManualClock, type LogLevel } from '@meltemi/base';
import { HealthStatus } from '@meltemi/api/envoy/config/core/v3/health_check_pb';
import { StatsStore } from '@meltemi/telemetry';
import type { ClusterSnapshot } from '../cluster/cluster.ts';
import { packedCluster } from '../xds/scripted-server.ts';
import { TextReadouts } from '../xds/text-readouts.ts';
import type { XdsClient, XdsResourceState, XdsTypeState } from '../xds/xds-client.ts';
import type { AdminView, ServerState } from './admin-view.ts';
import { serveAdmin } from './serve-admin.ts';

const KEY = '-----BEGIN PRIVATE KEY-----very secret-----END PRIVATE KEY-----';
const keyBytes = { specifier: { case: 'inlineBytes' as const, value: Buffer.from(KEY) } };
const chain = { specifier: { case: 'inlineBytes' as const, value: Buffer.from('chain') } };
const secretType = { case: 'tlsCertificate' as const, value: { privateKey: keyBytes, certificateChain: chain } };
const secret = create(SecretSchema, { name: 'default', type: secretType });

const manager = create(HttpConnectionManagerSchema, {
  routeSpecifier: { case: 'routeConfig', value: { name: 'inbound|9080||' } },
});
const filter = {
  name: 'hcm',
  configType: { case: 'typedConfig' as const, value: packAny(HttpConnectionManagerSchema, manager) },
};
const listener = create(ListenerSchema, { name: 'inbound|9080||', filterChains: [{ filters: [filter] }] });

const LIMITS = { maxConnections: 1024, maxPendingRequests: 1024, maxRequests: 1024, maxRetries: 3 };

const cluster: ClusterSnapshot = {
  name: 'outbound|9080||reviews',
  state: 'active',
  addedViaApi: true,
  version: '1',
  lastUpdatedMs: 0,
  limits: { default: LIMITS, high: LIMITS },
  hosts: [
    {
      address: '127.0.0.1:20011',
      hostname: '',
      weight: 1,
      priority: 0,
      locality: { region: 'r', zone: '', subZone: '' },
      health: 'healthy',
      status: HealthStatus.HEALTHY,
      canary: false,
      ejected: true,
      checks: { failed: false, degraded: false, timedOut: false, excluded: false, pending: false, leaving: false },
      successRate: -1,
      localSuccessRate: -1,
      connectionsTotal: 2,
      connectionsActive: 1,
      connectFailures: 0,
      requestsTotal: 5,
      requestsActive: 0,
      requestsSuccess: 4,
      requestsError: 1,
      requestsTimeout: 0,
    },
  ],
};

const held = (type: XdsType, ...resources: XdsResourceState[]): XdsTypeState => ({
  type,
  version: 'v7',
  error: undefined,
  resources: new Map(resources.map((resource) => [resource.name, resource])),
});

const refused = { message: 'no', version: 'v7', atMs: 2000, refused: packedCluster('bad') };

const RECEIVED: readonly XdsTypeState[] = [
  held(
    'CDS',
    { name: 'a', version: 'v7', lastUpdatedMs: 1000, accepted: packedCluster('a'), failure: undefined },
    { name: 'bad', version: '', lastUpdatedMs: 0, accepted: undefined, failure: refused },
  ),
  held('LDS', {
    name: listener.name,
    version: 'v7',
    lastUpdatedMs: 1000,
    accepted: packAny(ListenerSchema, listener),
    failure: undefined,
  }),
  held('SDS', {
    name: 'default',
    version: '1',
    lastUpdatedMs: 1000,
    accepted: packAny(SecretSchema, secret),
    failure: undefined,
  }),
];

async function start(t: TestContext) {
  const calls: string[] = [];
  let level: LogLevel = 'info';
  const levels = new Map<string, LogLevel>();
  const client = { connected: true, state: () => RECEIVED } as unknown as XdsClient;
  const live: { state: ServerState } = { state: 'PRE_INITIALIZING' };
  const view: AdminView = {
    bootstrap: create(BootstrapSchema, {
      node: { id: 'sidecar~1', cluster: 'a' },
      staticResources: { clusters: [{ name: 'static' }], secrets: [secret] },
    }),
    stats: new StatsStore(),
    readouts: new TextReadouts(),
    includesStat: () => true,
    version: 'test/1',
    clock: new ManualClock(65_000),
    startedMs: 0,
    commandLine: { concurrency: 1, drainTimeMs: 5000 },
    state: () => live.state,
    clusters: () => [cluster],
    listeners: () => [
      { name: 'http_proxy', address: '127.0.0.1:20014', state: 'active', addedViaApi: true },
      { name: 'cold', address: undefined, state: 'warming', addedViaApi: true },
    ],
    certificates: () => [],
    xds: () => [client],
    actions: {
      drainListeners: (options) => void calls.push(`drain ${JSON.stringify(options)}`),
      failHealthcheck: (fail) => void calls.push(`fail ${fail}`),
      quit: () => void calls.push('quit'),
      setLogLevel: (wanted) => void (level = wanted),
      logLevel: () => level,
      setLoggerLevel: (name, wanted) => void levels.set(name, wanted),
      loggerLevels: () => levels,
      reopenLogs: () => void calls.push('reopen'),
      tapRefusal: () => undefined,
      startTap: () => () => {},
    },
  };
  const server = await serveAdmin(view, { host: '127.0.0.1', port: 0 });
  t.after(() => server.close());
  const url = (path: string) => `http://127.0.0.1:${server.port}${path}`;
  const get = async (path: string) => (await fetch(url(path))).text();
  const json = async (path: string) => (await fetch(url(path))).json() as Promise<Record<string, unknown>>;
  const post = async (path: string, headers: Record<string, string> = {}) =>
    (await fetch(url(path), { method: 'POST', headers })).status;
  return { view, live, calls, url, get, json, post, port: server.port };
}

test('/ready is 503 until live', async (t) => {
  const { live, url } = await start(t);
  const cold = await fetch(url('/ready'));
  assert.deepEqual([cold.status, await cold.text()], [503, 'PRE_INITIALIZING\n']);
  live.state = 'LIVE';
  const warm = await fetch(url('/ready'));
  assert.deepEqual([warm.status, await warm.text()], [200, 'LIVE\n']);
});

test('/server_info has the node and the uptime', async (t) => {
  const { json } = await start(t);
  const info = await json('/server_info');
  assert.deepEqual(
    [info['version'], info['state'], info['uptime_current_epoch'], info['node']],
    ['test/1', 'PRE_INITIALIZING', '65s', { id: 'sidecar~1', cluster: 'a' }],
  );
});

test('/stats filters, and answers in three forms', async (t) => {
  const { view, get, json, url } = await start(t);
  const scope = view.stats.scope('cluster', { cluster_name: 'a' });
  scope.counter('upstream_rq_total').add(2);
  scope.counter('unused');
  assert.match(
    await get('/stats'),
    /^cluster\.a\.unused: 0\ncluster\.a\.upstream_rq_total: 2\nlistener_manager\.workers_started: 0\n/,
  );
  assert.equal(await get('/stats?usedonly&filter=cluster'), 'cluster.a.upstream_rq_total: 2\n');
  assert.equal(
    await get('/stats?usedonly&filter=^(server.state|listener_manager.workers_started)$'),
    'listener_manager.workers_started: 0\nserver.state: 2\n',
  );
  assert.doesNotMatch(await get('/stats?type=Gauges'), /upstream_rq_total/);
  assert.deepEqual(await json('/stats?format=json&filter=server.uptime'), {
    stats: [{ name: 'server.uptime', value: 65 }],
  });
  assert.equal(
    await get('/stats/prometheus?filter=upstream'),
    '# TYPE envoy_cluster_upstream_rq_total counter\nenvoy_cluster_upstream_rq_total{envoy_cluster_name="a"} 2\n',
  );
  assert.equal((await fetch(url('/stats?filter=('))).status, 400);
  assert.equal((await fetch(url('/stats?format=xml'))).status, 400);
});

test('/clusters and /listeners answer as text and JSON', async (t) => {
  const { get, json } = await start(t);
  const lines = (await get('/clusters')).split('\n');
  assert.ok(lines.includes('outbound|9080||reviews::127.0.0.1:20011::rq_total::5'));
  assert.ok(lines.includes('outbound|9080||reviews::127.0.0.1:20011::health_flags::/failed_outlier_check'));
  const { cluster_statuses: statuses } = (await json('/clusters?format=json')) as {
    cluster_statuses: { name: string; host_statuses: { address: unknown; health_status: unknown }[] }[];
  };
  assert.deepEqual(
    [statuses[0]!.name, statuses[0]!.host_statuses[0]!.address, statuses[0]!.host_statuses[0]!.health_status],
    [
      'outbound|9080||reviews',
      { socket_address: { address: '127.0.0.1', port_value: 20011 } },
      { failed_outlier_check: true, eds_health_status: 'HEALTHY' },
    ],
  );
  assert.equal(await get('/listeners'), 'http_proxy::127.0.0.1:20014\n');
  assert.deepEqual(await json('/listeners?format=json'), {
    listener_statuses: [
      { name: 'http_proxy', local_address: { socket_address: { address: '127.0.0.1', port_value: 20014 } } },
    ],
  });
});

test('/config_dump shows what is held and refused, routes inside listeners, and no secret', async (t) => {
  const { get, json } = await start(t);
  const dump = await json('/config_dump');
  const configs = dump['configs'] as Record<string, unknown>[];
  assert.deepEqual(
    configs.map((section) => (section['@type'] as string).replace('type.googleapis.com/envoy.admin.v3.', '')),
    [
      'BootstrapConfigDump',
      'ClustersConfigDump',
      'ListenersConfigDump',
      'ScopedRoutesConfigDump',
      'RoutesConfigDump',
      'SecretsConfigDump',
    ],
  );
  assert.deepEqual(configs[1]!['dynamic_active_clusters'], [
    {
      version_info: 'v7',
      cluster: { '@type': 'type.googleapis.com/envoy.config.cluster.v3.Cluster', name: 'a' },
      last_updated: '1970-01-01T00:00:01.000Z',
    },
    {
      error_state: {
        failed_configuration: { '@type': 'type.googleapis.com/envoy.config.cluster.v3.Cluster', name: 'bad' },
        last_update_attempt: '1970-01-01T00:00:02.000Z',
        details: 'no',
        version_info: 'v7',
      },
    },
  ]);
  const routes = configs[4]!['static_route_configs'] as { route_config: { name: string } }[];
  assert.deepEqual(
    routes.map(({ route_config }) => route_config.name),
    ['inbound|9080||'],
  );
  for (const path of ['/config_dump', '/config_dump?include_eds', '/config_dump?resource=dynamic_active_secrets']) {
    const text = await get(path);
    assert.ok(!text.includes('very secret') && !text.includes(Buffer.from(KEY).toString('base64')), path);
  }
});

test('/config_dump narrows to one list and to names', async (t) => {
  const { json, url } = await start(t);
  const narrowed = await json('/config_dump?resource=dynamic_active_clusters&name_regex=a');
  assert.equal((narrowed['configs'] as unknown[]).length, 1);
  assert.equal((await fetch(url('/config_dump?resource=no_such_list'))).status, 404);
});

test('pages that change something need a POST, and then do it', async (t) => {
  const { calls, url, post } = await start(t);
  const refusedGet = await fetch(url('/quitquitquit'));
  assert.deepEqual([refusedGet.status, calls], [405, []]);
  const paths = [
    '/quitquitquit',
    '/healthcheck/fail',
    '/healthcheck/ok',
    '/drain_listeners?graceful',
    '/reopen_logs',
    '/reset_counters',
  ];
  for (const path of paths) assert.equal(await post(path), 200);
  assert.deepEqual(calls, [
    'quit',
    'fail true',
    'fail false',
    'drain {"graceful":true,"inboundOnly":false,"skipExit":false}',
    'reopen',
  ]);
});

test('/logging changes the level and refuses unknown ones', async (t) => {
  const { view, post } = await start(t);
  assert.deepEqual([await post('/logging?level=warning'), view.actions.logLevel()], [200, 'warn']);
  assert.deepEqual([await post('/logging?level=loud'), view.actions.logLevel()], [400, 'warn']);
});

test('/logging takes a level for one logger, and for several', async (t) => {
  const { view, post } = await start(t);
  assert.equal(await post('/logging?xds=debug'), 200);
  assert.equal(await post('/logging?paths=http:error,pool:off'), 200);
  assert.deepEqual(Object.fromEntries(view.actions.loggerLevels()), { xds: 'debug', http: 'error', pool: 'none' });
  assert.equal(await post('/logging?no_such_logger=debug'), 400);
});

test('/stats shows histograms by their buckets, inverts a filter and has texts', async (t) => {
  const { view, get, url } = await start(t);
  const scope = view.stats.scope('cluster', { cluster_name: 'a' });
  scope.histogram('upstream_rq_time').record(4);
  view.readouts.set('listener_manager.lds.version_text', 'v1');
  const line = await get('/stats?filter=upstream_rq_time&histogram_buckets=cumulative');
  assert.match(line, /^cluster\.a\.upstream_rq_time: B0\.5\(0,0\) B1\(0,0\) B5\(0,1\) B10\(0,1\) /);
  assert.match(await get('/stats?filter=upstream_rq_time&histogram_buckets=disjoint'), /B5\(0,1\) B10\(0,0\) /);
  assert.doesNotMatch(await get('/stats?filter=upstream&invert_filter'), /upstream/);
  assert.equal(await get('/stats?type=TextReadouts'), 'listener_manager.lds.version_text: "v1"\n');
  assert.match(await get('/stats/prometheus?text_readouts'), /lds_version_text\{text_value="v1"\} 0\n/);
  assert.equal((await fetch(url('/stats?histogram_buckets=what'))).status, 400);
});

test('runtime values are shown and not changed; what warms is told', async (t) => {
  const { json, url } = await start(t);
  assert.deepEqual(await json('/runtime'), { entries: {}, layers: [] });
  const refused = await fetch(url('/runtime_modify?a=b'), { method: 'POST' });
  assert.deepEqual([refused.status, await refused.text()], [503, 'No admin layer specified\n']);
  assert.deepEqual(await json('/init_dump'), {
    unready_targets_dumps: [
      { name: 'init manager Listener-local-init-manager cold', target_names: ['target Listener cold'] },
    ],
  });
});

test('other names for this machine and other sites are refused', async (t) => {
  const { calls, port, post } = await start(t);
  const hosts = ['evil.example:1', '127.0.0.1.evil.example', 'localhost.evil', '10.0.0.1.evil', '127.1.evil'];
  for (const host of hosts) assert.equal(await statusFor(port, host), 403, host);
  for (const host of [
    'localhost',
    `LOCALHOST:${port}`,
    '127.0.0.1',
    '127.8.8.8:9',
    '10.0.0.1:15090',
    '[::1]:1',
    '[fd00::1]:1',
  ])
    assert.equal(await statusFor(port, host), 200, host);
  assert.equal(await post('/quitquitquit', { origin: 'http://evil.example' }), 403);
  assert.equal(await post('/quitquitquit', { origin: 'null' }), 403);
  assert.deepEqual(calls, []);
  assert.equal(await post('/quitquitquit', { origin: `http://127.0.0.1:${port}` }), 200);
});

test('unknown paths get the list of pages', async (t) => {
  const { url, get } = await start(t);
  const missing = await fetch(url('/nothing'));
  assert.equal(missing.status, 404);
  assert.match(await missing.text(), /^invalid path\. admin commands are:/);
  assert.match(await get('/'), /href="\/clusters"/);
});

/** `fetch` doesn't let the Host header be chosen. */
function statusFor(port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path: '/help', headers: { host }, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.on('error', reject);
    asked.end();
  });
}
