import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { packAny, type XdsType } from '@meltemi/api';
import { BootstrapSchema } from '@meltemi/api/envoy/config/bootstrap/v3/bootstrap_pb';
import type { Any } from '@bufbuild/protobuf/wkt';
import {
  ApiConfigSource_ApiType as ApiType,
  ExtensionConfigSourceSchema,
} from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import { TypedExtensionConfigSchema } from '@meltemi/api/envoy/config/core/v3/extension_pb';
import { ClusterLoadAssignmentSchema } from '@meltemi/api/envoy/config/endpoint/v3/endpoint_pb';
import { CorsSchema } from '@meltemi/api/envoy/extensions/filters/http/cors/v3/cors_pb';
import { RouterSchema } from '@meltemi/api/envoy/extensions/filters/http/router/v3/router_pb';
import {
  type DeltaDiscoveryRequest,
  type DiscoveryRequest,
  ResourceSchema,
} from '@meltemi/api/envoy/service/discovery/v3/discovery_pb';
import { ManualClock, seededDice, silentLogger } from '@meltemi/base';
import { StatsStore } from '@meltemi/telemetry';
import { discoverExtension } from './discovered-extension.ts';
import { extensionWatch } from './extension-watch.ts';
import { packedCluster, ScriptedServer, typeUrl } from './scripted-server.ts';
import { createXdsClients } from './xds-clients.ts';
import { serviceOf, type XdsForm } from './xds-method.ts';

async function start<Request extends DiscoveryRequest | DeltaDiscoveryRequest>(
  t: TestContext,
  form: XdsForm,
  type: XdsType,
  rejectUnknownFields = false,
) {
  const server = new ScriptedServer<Request>();
  const port = await server.listen(serviceOf(type), form, { host: '127.0.0.1', port: 0 });
  const clock = new ManualClock();
  const stats = new StatsStore();
  const portSpecifier = { case: 'portValue' as const, value: port };
  const address = { case: 'socketAddress' as const, value: { address: '127.0.0.1', portSpecifier } };
  const lbEndpoints = [{ hostIdentifier: { case: 'endpoint' as const, value: { address: { address } } } }];
  const clients = createXdsClients({
    bootstrap: create(BootstrapSchema, {
      node: { id: 'a', cluster: 'b' },
      staticResources: { clusters: [{ name: 'xds', loadAssignment: { endpoints: [{ lbEndpoints }] } }] },
    }),
    clock,
    dice: seededDice(1),
    logger: silentLogger,
    stats,
    rejectUnknownFields,
  });
  t.after(async () => {
    clients.close();
    await server.close();
  });
  return { server, clock, stats, clients };
}

const SOURCE = (form: XdsForm) => ({
  configSourceSpecifier: {
    case: 'apiConfigSource' as const,
    value: {
      apiType: form === 'sotw' ? ApiType.GRPC : ApiType.DELTA_GRPC,
      grpcServices: [{ targetSpecifier: { case: 'envoyGrpc' as const, value: { clusterName: 'xds' } } }],
    },
  },
});

const source = (form: XdsForm) => create(ExtensionConfigSourceSchema, { configSource: SOURCE(form) }).configSource;

for (const form of ['sotw', 'delta'] as const) {
  for (const type of ['CDS', 'EDS', 'RDS', 'SDS', 'LDS', 'ECDS'] as const) {
    test(`${type} is asked for by its own service, ${form}`, async (t) => {
      const { server, clients } = await start<DiscoveryRequest>(t, form, type);
      const client = clients.forConfigSource(source(form));
      if (type === 'CDS' || type === 'LDS') client.watchAll(type, { update: () => [] });
      else client.watch(type, 'x', { onResource: () => undefined });
      assert.equal((await server.next()).typeUrl, typeUrl(type));
    });
  }
}

test('a resource goes when its time to live is over, and a heartbeat keeps it', async (t) => {
  const { server, clock, clients } = await start<DeltaDiscoveryRequest>(t, 'delta', 'CDS');
  const updates: string[] = [];
  clients.forConfigSource(source('delta')).watchAll('CDS', {
    update(changed, removed) {
      updates.push(`+${[...changed.keys()].join()} -${removed.join()}`);
      return [];
    },
  });
  await server.next();
  const ttl = { seconds: 5n };
  server.sendDelta({
    typeUrl: typeUrl('CDS'),
    nonce: '1',
    resources: [
      { name: 'a', version: '1', resource: packedCluster('a'), ttl },
      { name: 'b', version: '1', resource: packedCluster('b'), ttl },
    ],
  });
  await server.next();
  clock.advance(4000);
  server.sendDelta({ typeUrl: typeUrl('CDS'), nonce: '2', resources: [{ name: 'b', version: '1', ttl }] });
  await server.next();
  clock.advance(4000);
  assert.deepEqual(updates, ['+a,b -', '+ -a']);
  clock.advance(2000);
  assert.deepEqual(updates, ['+a,b -', '+ -a', '+ -b']);
});

test('sotw: a wrapped resource has a time to live too', async (t) => {
  const { server, clock, clients } = await start<DiscoveryRequest>(t, 'sotw', 'CDS');
  const removed: string[] = [];
  clients.forConfigSource(source('sotw')).watchAll('CDS', {
    update(_changed, gone) {
      removed.push(...gone);
      return [];
    },
  });
  await server.next();
  const wrapped = create(ResourceSchema, { name: 'a', resource: packedCluster('a'), ttl: { seconds: 1n } });
  server.sendSotw({
    typeUrl: typeUrl('CDS'),
    nonce: '1',
    versionInfo: '1',
    resources: [packAny(ResourceSchema, wrapped)],
  });
  await server.next();
  clock.advance(1001);
  assert.deepEqual(removed, ['a']);
});

test('what a server never answers is taken for missing after initial_fetch_timeout', async (t) => {
  const { server, clock, clients } = await start<DiscoveryRequest>(t, 'sotw', 'EDS');
  const heard: string[] = [];
  const config = source('sotw')!;
  config.initialFetchTimeout = { $typeName: 'google.protobuf.Duration', seconds: 2n, nanos: 0 };
  clients.forConfigSource(config).watch('EDS', 'x', {
    onResource: (assignment) => void heard.push(assignment.clusterName),
    onMissing: () => void heard.push('missing'),
  });
  await server.next();
  clock.advance(1999);
  assert.deepEqual(heard, []);
  clock.advance(1);
  assert.deepEqual(heard, ['missing']);
  const late = packAny(ClusterLoadAssignmentSchema, create(ClusterLoadAssignmentSchema, { clusterName: 'x' }));
  server.sendSotw({ typeUrl: typeUrl('EDS'), nonce: '1', versionInfo: '1', resources: [late] });
  await server.next();
  assert.deepEqual(heard, ['missing', 'x']);
});

test('a filter has its discovered configuration, else its default; other types are refused', async (t) => {
  const { server, clock, stats, clients } = await start<DiscoveryRequest>(t, 'sotw', 'ECDS');
  const applied: string[] = [];
  let ready = 0;
  const config = create(ExtensionConfigSourceSchema, {
    configSource: SOURCE('sotw'),
    defaultConfig: packAny(CorsSchema, create(CorsSchema)),
    typeUrls: ['type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors'],
  });
  const watch = discoverExtension({ kind: 'http_filter', name: 'f' }, config, extensionWatch(clients, stats), {
    apply: (any: Any) => void applied.push(any.typeUrl.split('.').at(-1)!),
    onReady: () => ready++,
  });
  assert.deepEqual((await server.next()).resourceNames, ['f']);
  assert.deepEqual([applied, ready], [[], 0]);
  clock.advance(15_000);
  assert.deepEqual([applied, ready], [['Cors'], 1]);
  const send = async (nonce: string, typedConfig: Any) => {
    const resource = create(TypedExtensionConfigSchema, { name: 'f', typedConfig });
    const resources = [packAny(TypedExtensionConfigSchema, resource)];
    server.sendSotw({ typeUrl: typeUrl('ECDS'), nonce, versionInfo: nonce, resources });
    return (await server.next()).errorDetail?.message;
  };
  assert.equal(await send('1', packAny(CorsSchema, create(CorsSchema))), undefined);
  assert.equal(
    await send('2', packAny(RouterSchema, create(RouterSchema))),
    'ECDS: f: its type is envoy.extensions.filters.http.router.v3.Router, and its type_urls allow envoy.extensions.filters.http.cors.v3.Cors',
  );
  assert.deepEqual(applied, ['Cors', 'Cors']);
  watch.close();
});

for (const reject of [false, true]) {
  test(`a field that nobody knows is ${reject ? 'refused' : 'counted and passed over'}`, async (t) => {
    const { server, stats, clients } = await start<DiscoveryRequest>(t, 'sotw', 'CDS', reject);
    clients.forConfigSource(source('sotw')).watchAll('CDS', { update: () => [] });
    await server.next();
    const known = packedCluster('a');
    // Field 9999, a varint.
    const value = Buffer.concat([known.value, Uint8Array.of(0xf8, 0xf0, 0x04, 0x01)]);
    server.sendSotw({ typeUrl: typeUrl('CDS'), nonce: '1', versionInfo: '1', resources: [{ ...known, value }] });
    const error = (await server.next()).errorDetail?.message;
    assert.equal(
      error,
      reject ? 'CDS: resource 0: unknown field: envoy.config.cluster.v3.Cluster field 9999' : undefined,
    );
    assert.equal(stats.scope('server').counter('dynamic_unknown_fields').value, reject ? 0 : 1);
  });
}
