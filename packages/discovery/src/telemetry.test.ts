// What Telemetries and the mesh's providers make listeners tell: logs, spans and metrics.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { SnapshotResources } from './compile.ts';
import { REDIRECTED } from './envoy-validate.test-support.ts';
import { MANAGER } from './envoy-filter.test-support.ts';
import { FragmentCache } from './fragment-cache.ts';
import { meshSettings } from './mesh-config.ts';
import type { ProxyResources } from './resources.ts';
import { PROVIDERS, telemetry } from './telemetry.test-support.ts';
import { at, redirectedNode, shown, snapshotOf } from './test-world.ts';

const NODE = { ...redirectedNode('strict'), istioFilters: true, cluster: 'strict.default' };

async function made(mesh: object, rules: readonly string[], node = NODE): Promise<ProxyResources> {
  const snapshot = await snapshotOf(...REDIRECTED, ...rules);
  const settings = meshSettings({ accessLogFile: '/dev/stdout', extensionProviders: PROVIDERS, ...mesh });
  assert.deepEqual(settings.problems, []);
  const resources = new SnapshotResources({ ...snapshot, mesh: settings.mesh }, new FragmentCache());
  const result = resources.resourcesOf(node);
  assert.deepEqual(resources.problems, []);
  return result;
}

/** The connection managers of a listener's chains. */
function managers(resources: ProxyResources, listener: string): JsonObject[] {
  return (shown(resources.LDS, listener)['filterChains'] as JsonObject[]).flatMap((chain) => {
    const found = (chain['filters'] as JsonObject[]).find(({ name }) => name === MANAGER);
    return found ? [found['typedConfig'] as JsonObject] : [];
  });
}

/** The name and file of each log of the client's and the server's side. */
function logs(resources: ProxyResources): JsonValue[][] {
  return ['0.0.0.0_9080', 'virtualInbound'].map((listener) =>
    ((managers(resources, listener)[0]?.['accessLog'] ?? []) as JsonObject[]).map(
      (log) => at(log, 'typedConfig.path') ?? log['name'] ?? '',
    ),
  );
}

const logging = (name: string, more: object = {}) => ({ accessLogging: [{ providers: [{ name }], ...more }] });

test('without a Telemetry the mesh says where entries go', async () => {
  assert.deepEqual(logs(await made({}, [])), [['/dev/stdout'], ['/dev/stdout']]);
  assert.deepEqual(logs(await made({ accessLogFile: '' }, [])), [[], []]);
  assert.deepEqual(logs(await made({ defaultProviders: { accessLogging: ['file'] } }, [])), [['/log'], ['/log']]);
});

test('the nearest Telemetry that names providers chooses them, for one side or both', async () => {
  const root = telemetry('mesh', logging('file'), 'istio-system');
  const own = telemetry('own', logging('als'));
  const selecting = (app: string) =>
    telemetry('workload', { selector: { matchLabels: { app } }, ...logging('otel', { match: { mode: 'SERVER' } }) });
  assert.deepEqual(logs(await made({}, [root])), [['/log'], ['/log']]);
  assert.deepEqual(logs(await made({}, [root, own])), [
    ['envoy.access_loggers.http_grpc'],
    ['envoy.access_loggers.http_grpc'],
  ]);
  assert.deepEqual(logs(await made({}, [root, selecting('strict')])), [
    ['/log'],
    ['envoy.access_loggers.open_telemetry'],
  ]);
  assert.deepEqual(logs(await made({}, [root, selecting('other')])), [['/log'], ['/log']]);
  assert.deepEqual(logs(await made({}, [telemetry('elsewhere', logging('file'), 'other')])), [
    ['/dev/stdout'],
    ['/dev/stdout'],
  ]);
});

test('a log is turned off, and its entries must meet a condition', async () => {
  const off = { accessLogging: [{ providers: [{ name: 'file' }] }, { disabled: true, match: { mode: 'CLIENT' } }] };
  assert.deepEqual(logs(await made({}, [telemetry('off', off)])), [[], ['/log']]);
  const filter = { expression: 'response.code >= 400' };
  const [manager] = managers(await made({}, [telemetry('some', logging('file', { filter }))]), '0.0.0.0_9080');
  assert.equal(at(manager, 'accessLog.0.filter.extensionFilter.typedConfig.expression'), filter.expression);
});

test('the format of the mesh is a line or JSON, Istio’s where it says none', async () => {
  const format = async (mesh: object) => {
    const [manager] = managers(await made(mesh, []), '0.0.0.0_9080');
    return at(manager, 'accessLog.0.typedConfig.logFormat') as JsonObject | undefined;
  };
  assert.equal(await format({}), undefined);
  const text = await format({ accessLogFormat: '%PROTOCOL%' });
  assert.equal(at(text, 'textFormatSource.inlineString'), '%PROTOCOL%\n');
  const json = await format({ accessLogEncoding: 'JSON' });
  assert.equal(at(json, 'jsonFormat.route_name'), '%ROUTE_NAME%');
  const own = await format({ accessLogEncoding: 'JSON', accessLogFormat: '{"p": "%PROTOCOL%"}' });
  assert.deepEqual(own?.['jsonFormat'], { p: '%PROTOCOL%' });
});

test('spans go to the provider that is named, sampled and tagged as is said', async () => {
  const tracing = {
    providers: [{ name: 'zipkin' }],
    randomSamplingPercentage: 12.5,
    enableIstioTags: false,
    customTags: { b: { header: { name: 'x-b', defaultValue: 'none' } }, a: { literal: { value: '1' } } },
  };
  const resources = await made({}, [telemetry('traced', { tracing: [tracing] })]);
  const [manager] = managers(resources, '0.0.0.0_9080');
  assert.deepEqual(at(manager, 'tracing.randomSampling'), { value: 12.5 });
  assert.deepEqual(at(manager, 'tracing.customTags'), [
    { tag: 'a', literal: { value: '1' } },
    { tag: 'b', requestHeader: { name: 'x-b', defaultValue: 'none' } },
  ]);
  const uri = at(manager, 'tracing.provider.typedConfig.collectorService.httpUri') as JsonObject;
  assert.deepEqual(
    [uri['cluster'], uri['uri']],
    ['outbound|9080||zipkin.default.svc.cluster.local', 'http://zipkin.default.svc.cluster.local/api/v2/spans'],
  );
});

test('spans of one side may be turned off, and gateways tell the tries', async () => {
  const tracing = [{ providers: [{ name: 'oteltracer' }] }, { match: { mode: 'SERVER' }, disableSpanReporting: true }];
  const rule = telemetry('traced', { tracing }, 'istio-system');
  const resources = await made({}, [rule]);
  const [client] = managers(resources, '0.0.0.0_9080');
  assert.equal(at(client, 'tracing.provider.typedConfig.serviceName'), 'strict.default');
  assert.ok(managers(resources, 'virtualInbound').every((manager) => manager['tracing'] === undefined));
  const tags = (at(client, 'tracing.customTags') as JsonObject[]).map(({ tag }) => tag);
  assert.ok(tags.includes('istio.canonical_service') && tags.includes('istio.namespace'));
  const gateway = redirectedNode('gateway', 'istio-system', 'router');
  const rules = [rule, telemetry('default', {}, 'default')];
  const [manager] = managers(await made({}, rules, { ...gateway, istioFilters: true, cluster: '' }), '0.0.0.0_80');
  assert.equal(at(manager, 'tracing.spawnUpstreamSpan'), true);
});

test('a proxy’s own settings stand before the mesh’s, and without providers tracing is what it was started with', async () => {
  const mesh = { enableTracing: true, defaultConfig: { tracing: { sampling: 50 } } };
  const sampling = async (metadata: JsonObject) => {
    const [manager] = managers(await made(mesh, [], { ...NODE, metadata }), '0.0.0.0_9080');
    return [at(manager, 'tracing.randomSampling.value'), at(manager, 'tracing.provider')];
  };
  assert.deepEqual(await sampling({}), [50, undefined]);
  assert.deepEqual(await sampling({ PROXY_CONFIG: { tracing: { sampling: 7 } } }), [7, undefined]);
});

test('metrics are counted by proxies that know Istio’s filters, with what is changed of them', async () => {
  const metrics = [
    {
      providers: [{ name: 'prometheus' }],
      reportingInterval: '5s',
      overrides: [
        { match: { metric: 'REQUEST_COUNT', mode: 'CLIENT' }, tagOverrides: { a: { value: 'request.host' } } },
        { match: { metric: 'REQUEST_COUNT' }, tagOverrides: { b: { operation: 'REMOVE' } } },
        { match: { metric: 'REQUEST_SIZE', mode: 'SERVER' }, disabled: true },
      ],
    },
  ];
  const stats = (resources: ProxyResources, listener: string) => {
    const filters = (managers(resources, listener)[0]?.['httpFilters'] ?? []) as JsonObject[];
    return filters.find(({ name }) => name === 'istio.stats')?.['typedConfig'] as JsonObject | undefined;
  };
  const rule = telemetry('counted', { metrics });
  const resources = await made({}, [rule]);
  assert.deepEqual(at(stats(resources, '0.0.0.0_9080'), 'metrics'), [
    { name: 'requests_total', dimensions: { a: 'request.host' }, tagsToRemove: ['b'] },
  ]);
  assert.equal(at(stats(resources, '0.0.0.0_9080'), 'tcpReportingDuration'), '5s');
  assert.deepEqual(at(stats(resources, 'virtualInbound'), 'metrics'), [
    { name: 'request_bytes', drop: true },
    { name: 'requests_total', tagsToRemove: ['b'] },
  ]);
  assert.equal(stats(await made({}, [rule], { ...NODE, istioFilters: false }), '0.0.0.0_9080'), undefined);
  const off = telemetry('none', { metrics: [{ overrides: [{ disabled: true, match: { mode: 'CLIENT' } }] }] });
  const silent = await made({ defaultProviders: { metrics: ['prometheus'] } }, [off]);
  assert.equal(stats(silent, '0.0.0.0_9080'), undefined);
  assert.ok(stats(silent, 'virtualInbound'));
});

test('a provider whose service a proxy does not see is not named to it', async () => {
  const hidden = { name: 'hidden', envoyHttpAls: { service: 'nowhere.example', port: 1 } };
  const rule = telemetry('logged', logging('hidden'));
  assert.deepEqual(logs(await made({ extensionProviders: [hidden] }, [rule])), [['/dev/stdout'], ['/dev/stdout']]);
});
