// Settings of a MeshConfig are read; wrong ones are said, and the default holds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import { MESH_CONFIG_FIELDS } from '@meltemi/config';
import { SnapshotResources } from './compile.ts';
import { REDIRECTED } from './envoy-validate.test-support.ts';
import { FragmentCache } from './fragment-cache.ts';
import { DEFAULT_MESH } from './mesh.ts';
import { meshSettings } from './mesh-config.ts';
import { WITHOUT_EFFECT } from './mesh-config-fields.ts';
import { at, redirectedNode, shown, snapshotOf } from './test-world.ts';

test('what is written stands before the defaults', () => {
  const written = {
    connectTimeout: '2s',
    outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' },
    extensionProviders: [{ name: 'log', envoyFileAccessLog: {} }],
    defaultProviders: { accessLogging: ['log'] },
    enableTracing: true,
    defaultConfig: { tracing: { sampling: 10 }, drainDuration: '45s' },
  };
  const { mesh, problems } = meshSettings(written);
  assert.deepEqual(mesh, {
    ...DEFAULT_MESH,
    connectTimeoutMs: 2000,
    outboundTrafficPolicy: 'REGISTRY_ONLY',
    providers: [{ name: 'log', envoyFileAccessLog: {} }, ...DEFAULT_MESH.providers],
    defaultProviders: { tracing: [], metrics: [], accessLogging: ['log'] },
    tracing: { ...DEFAULT_MESH.tracing, enabled: true, sampling: 10 },
  });
  assert.deepEqual(problems, []);
});

test('connections, paths and retries of the whole mesh are as it says', async () => {
  const { mesh, problems } = meshSettings({
    tcpKeepalive: { probes: 3, time: '10s' },
    dnsRefreshRate: '5s',
    h2UpgradePolicy: 'UPGRADE',
    enableAutoMtls: false,
    protocolDetectionTimeout: '2s',
    disableEnvoyListenerLog: true,
    pathNormalization: { normalization: 'DECODE_AND_MERGE_SLASHES' },
    defaultHttpRetryPolicy: { attempts: 5, retryOn: '503' },
  });
  assert.deepEqual(problems, []);
  const made = new SnapshotResources({ ...(await snapshotOf(...REDIRECTED)), mesh }, new FragmentCache());
  const { CDS, LDS, RDS } = made.resourcesOf(redirectedNode('strict'));
  const reviews = shown(CDS, 'outbound|9080||reviews.default.svc.cluster.local');
  assert.deepEqual(at(reviews, 'upstreamConnectionOptions.tcpKeepalive'), { keepaliveProbes: 3, keepaliveTime: 10 });
  assert.equal(reviews['transportSocketMatches'], undefined);
  assert.match(
    JSON.stringify(reviews['typedExtensionProtocolOptions']),
    /"explicitHttpConfig":\{"http2ProtocolOptions"/,
  );
  assert.equal(shown(CDS, 'outbound|80||httpbin.example')['dnsRefreshRate'], '5s');
  const listener = shown(LDS, '0.0.0.0_9080');
  assert.equal(listener['listenerFiltersTimeout'], '2s');
  const manager = at(listener, 'filterChains.0.filters.0.typedConfig') as JsonObject;
  assert.deepEqual([manager['mergeSlashes'], manager['pathWithEscapedSlashesAction']], [true, 'UNESCAPE_AND_FORWARD']);
  assert.equal(shown(LDS, 'virtualInbound')['accessLog'], undefined);
  const ratings = (shown(RDS, '9080')['virtualHosts'] as JsonObject[]).find(
    ({ name }) => name === 'ratings.default.svc.cluster.local:9080',
  );
  assert.equal(at(ratings, 'routes.0.route.retryPolicy.numRetries'), 5);
});

test('a wrong setting is said, and the default holds', () => {
  const { mesh, problems } = meshSettings({
    connectTimeout: 'x',
    outboundTrafficPolicy: { mode: 'ALLOW_SOME' },
    extensionProviders: [
      { name: 'a', zipkin: { service: 'a', port: 'b' } },
      { name: 'b', prometheus: {} },
    ],
    rootNamespce: 'a',
  });
  assert.deepEqual(mesh, { ...DEFAULT_MESH, providers: [{ name: 'b', prometheus: {} }, ...DEFAULT_MESH.providers] });
  assert.deepEqual(
    problems.map(({ path }) => path),
    ['connectTimeout', 'outboundTrafficPolicy.mode', 'extensionProviders[0].zipkin.port', 'rootNamespce'],
  );
  assert.match(problems[3]!.message, /did you mean "rootNamespace"/);
});

test('each field is carried out, or said to have no effect', () => {
  assert.deepEqual(Object.keys(WITHOUT_EFFECT).sort(), [...MESH_CONFIG_FIELDS].sort());
  for (const field of MESH_CONFIG_FIELDS) {
    const said = SAMPLES.map((value) => meshSettings({ [field]: value }).problems).find((problems) =>
      problems.every(({ severity }) => severity !== 'error'),
    );
    const wanted = WITHOUT_EFFECT[field] === undefined ? [] : [field];
    assert.deepEqual(
      said?.map(({ path }) => path),
      wanted,
      field,
    );
  }
});

test('providers that nobody can ask are said', () => {
  const opentelemetry = { service: 'a', port: 1, resourceDetectors: { environment: {} } };
  const { problems } = meshSettings({
    extensionProviders: [
      { name: 'a', datadog: { service: 'a', port: 1 } },
      { name: 'b', opentelemetry },
    ],
  });
  assert.deepEqual(
    problems.map(({ severity, path }) => `${severity} ${path}`),
    ['warning extensionProviders[0].datadog', 'warning extensionProviders[1].opentelemetry.resourceDetectors'],
  );
});

/** Each field takes one of these. */
const SAMPLES: readonly unknown[] = [{}, [], true, 15_001, '1s', 'a', 'STRICT', 'JSON', 'UPGRADE', 'NONE'];
