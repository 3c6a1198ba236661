import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { packAny } from '@meltemi/api';
import { type Bootstrap, BootstrapSchema } from '@meltemi/api/envoy/config/bootstrap/v3/bootstrap_pb';
import type { Cluster } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import {
  ApiConfigSource_ApiType as ApiType,
  ConfigSourceSchema,
} from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import { ClusterLoadAssignmentSchema } from '@meltemi/api/envoy/config/endpoint/v3/endpoint_pb';
import { SecretSchema } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import type { DeltaDiscoveryRequest, DiscoveryRequest } from '@meltemi/api/envoy/service/discovery/v3/discovery_pb';
import { seededDice, silentLogger, systemClock } from '@meltemi/base';
import type { GrpcAddress } from '@meltemi/rpc';
import { StatsStore } from '@meltemi/telemetry';
import { packedCluster, ScriptedServer, typeUrl } from './scripted-server.ts';
import type { Rejection, WildcardSink, XdsClient } from './xds-client.ts';
import { createXdsClients } from './xds-clients.ts';
import type { XdsForm, XdsService } from './xds-method.ts';

/** Records what it is given; refuses the names it is told to. */
class RecordingSink implements WildcardSink<Cluster> {
  readonly updates: { readonly changed: readonly string[]; readonly removed: readonly string[] }[] = [];
  readonly refuse = new Set<string>();

  update(changed: ReadonlyMap<string, Cluster>, removed: readonly string[]): readonly Rejection[] {
    this.updates.push({ changed: [...changed.keys()], removed });
    return [...changed.keys()]
      .filter((name) => this.refuse.has(name))
      .map((name) => ({ name, message: 'not this one' }));
  }
}

const ADS = create(ConfigSourceSchema, { configSourceSpecifier: { case: 'ads', value: {} } });

function bootstrapFor(address: GrpcAddress, form: XdsForm): Bootstrap {
  const endpoint =
    'path' in address ? { case: 'pipe' as const, value: { path: address.path } } : socketAddress(address.port);
  const lbEndpoints = [{ hostIdentifier: { case: 'endpoint' as const, value: { address: { address: endpoint } } } }];
  return create(BootstrapSchema, {
    node: { id: 'sidecar~127.0.0.1~a.default~default.svc.cluster.local', cluster: 'a' },
    staticResources: { clusters: [{ name: 'xds-grpc', loadAssignment: { endpoints: [{ lbEndpoints }] } }] },
    dynamicResources: { adsConfig: apiSource(form, 'xds-grpc') },
  });
}

function socketAddress(port: number) {
  return {
    case: 'socketAddress' as const,
    value: { address: '127.0.0.1', portSpecifier: { case: 'portValue' as const, value: port } },
  };
}

function apiSource(form: XdsForm, clusterName: string) {
  return {
    apiType: form === 'sotw' ? ApiType.GRPC : ApiType.DELTA_GRPC,
    grpcServices: [{ targetSpecifier: { case: 'envoyGrpc' as const, value: { clusterName } } }],
  };
}

async function start<Request extends DiscoveryRequest | DeltaDiscoveryRequest>(
  t: TestContext,
  form: XdsForm,
  service: XdsService = 'ads',
  path?: string,
) {
  const server = new ScriptedServer<Request>();
  const port = await server.listen(service, form, path ? { path } : { host: '127.0.0.1', port: 0 });
  const bootstrap = bootstrapFor(path ? { path } : { host: '127.0.0.1', port }, form);
  const stats = new StatsStore();
  const clients = createXdsClients({
    bootstrap,
    clock: systemClock(),
    dice: seededDice(1),
    logger: silentLogger,
    stats,
  });
  t.after(async () => {
    clients.close();
    await server.close();
  });
  return { server, clients, stats, client: clients.forConfigSource(ADS) };
}

const startSotw = (t: TestContext) => start<DiscoveryRequest>(t, 'sotw');
const startDelta = (t: TestContext) => start<DeltaDiscoveryRequest>(t, 'delta');

function assignment(clusterName: string) {
  return packAny(ClusterLoadAssignmentSchema, create(ClusterLoadAssignmentSchema, { clusterName }));
}

/** The fields that matter of a state-of-the-world request. */
function said(request: DiscoveryRequest) {
  return {
    version: request.versionInfo,
    nonce: request.responseNonce,
    names: request.resourceNames,
    node: request.node !== undefined,
    error: request.errorDetail?.message,
  };
}

function saidDelta(request: DeltaDiscoveryRequest) {
  return {
    subscribe: request.resourceNamesSubscribe,
    unsubscribe: request.resourceNamesUnsubscribe,
    versions: request.initialResourceVersions,
    nonce: request.responseNonce,
    node: request.node !== undefined,
    error: request.errorDetail?.message,
  };
}

const CDS = typeUrl('CDS');
const EDS = typeUrl('EDS');

test('sotw: asks with the node once, acknowledges with version and nonce', async (t) => {
  const { server, client, stats } = await startSotw(t);
  const sink = new RecordingSink();
  client.watchAll('CDS', sink);
  assert.deepEqual(said(await server.next()), { version: '', nonce: '', names: [], node: true, error: undefined });
  server.sendSotw({
    typeUrl: CDS,
    versionInfo: 'v1',
    nonce: 'n1',
    resources: [packedCluster('a'), packedCluster('b')],
  });
  assert.deepEqual(said(await server.next()), { version: 'v1', nonce: 'n1', names: [], node: false, error: undefined });
  assert.deepEqual(sink.updates, [{ changed: ['a', 'b'], removed: [] }]);
  assert.equal(client.connected, true);
  assert.equal(stats.scope('control_plane').gauge('connected_state').value, 1);
  assert.equal(stats.scope('cluster_manager').scope('cds').counter('update_success').value, 1);
});

test('sotw: hands on only what differs, and takes what is missing for removed', async (t) => {
  const { server, client } = await startSotw(t);
  const sink = new RecordingSink();
  client.watchAll('CDS', sink);
  await server.next();
  server.sendSotw({
    typeUrl: CDS,
    versionInfo: '1',
    nonce: '1',
    resources: ['a', 'b', 'c'].map((name) => packedCluster(name)),
  });
  await server.next();
  server.sendSotw({
    typeUrl: CDS,
    versionInfo: '2',
    nonce: '2',
    resources: [packedCluster('a'), packedCluster('b', 5)],
  });
  await server.next();
  server.sendSotw({
    typeUrl: CDS,
    versionInfo: '3',
    nonce: '3',
    resources: [packedCluster('a'), packedCluster('b', 5)],
  });
  await server.next();
  assert.deepEqual(sink.updates, [
    { changed: ['a', 'b', 'c'], removed: [] },
    { changed: ['b'], removed: ['c'] },
  ]);
  assert.deepEqual([...client.state()[0]!.resources.keys()], ['a', 'b']);
});

test('sotw: an empty first response is told, so that a proxy without clusters gets ready', async (t) => {
  const { server, client } = await startSotw(t);
  const sink = new RecordingSink();
  client.watchAll('CDS', sink);
  await server.next();
  server.sendSotw({ typeUrl: CDS, versionInfo: '1', nonce: '1' });
  await server.next();
  assert.deepEqual(sink.updates, [{ changed: [], removed: [] }]);
});

test('sotw: refuses one with the last good version, the others serve, and comes back to it', async (t) => {
  const { server, client, stats } = await startSotw(t);
  const sink = new RecordingSink();
  client.watchAll('CDS', sink);
  await server.next();
  server.sendSotw({ typeUrl: CDS, versionInfo: '1', nonce: '1', resources: [packedCluster('a'), packedCluster('b')] });
  await server.next();
  sink.refuse.add('a');
  server.sendSotw({
    typeUrl: CDS,
    versionInfo: '2',
    nonce: '2',
    resources: [packedCluster('a', 7), packedCluster('b', 7)],
  });
  const nack = said(await server.next());
  assert.deepEqual(nack, { version: '1', nonce: '2', names: [], node: false, error: 'CDS: a: not this one' });
  const state = client.state()[0]!;
  assert.equal(state.error, 'CDS: a: not this one');
  assert.deepEqual(
    [...state.resources.values()].map(({ name, version, failure }) => [name, version, failure?.message]),
    [
      ['a', '1', 'not this one'],
      ['b', '2', undefined],
    ],
  );
  sink.refuse.clear();
  server.sendSotw({
    typeUrl: CDS,
    versionInfo: '3',
    nonce: '3',
    resources: [packedCluster('a', 7), packedCluster('b', 7)],
  });
  assert.equal(said(await server.next()).version, '3');
  assert.deepEqual(sink.updates.at(-1), { changed: ['a'], removed: [] });
  assert.equal(client.state()[0]!.error, undefined);
  assert.equal(stats.scope('cluster_manager').scope('cds').counter('update_rejected').value, 1);
});

test('sotw: bytes that are no message are refused and remove nothing', async (t) => {
  const { server, client } = await startSotw(t);
  const sink = new RecordingSink();
  client.watchAll('CDS', sink);
  await server.next();
  server.sendSotw({ typeUrl: CDS, versionInfo: '1', nonce: '1', resources: [packedCluster('a'), packedCluster('b')] });
  await server.next();
  const broken = { ...packedCluster('a'), value: Uint8Array.of(0x0a, 0xff) };
  server.sendSotw({ typeUrl: CDS, versionInfo: '2', nonce: '2', resources: [broken, packedCluster('b')] });
  const nack = said(await server.next());
  assert.equal(nack.version, '1');
  assert.match(nack.error!, /^CDS: resource 0: /);
  assert.equal(sink.updates.length, 1);
});

test('sotw: a name that stands twice is refused as a whole', async (t) => {
  const { server, client } = await startSotw(t);
  const sink = new RecordingSink();
  client.watchAll('CDS', sink);
  await server.next();
  server.sendSotw({
    typeUrl: CDS,
    versionInfo: '1',
    nonce: '1',
    resources: [packedCluster('a'), packedCluster('a', 3)],
  });
  assert.equal(said(await server.next()).error, 'CDS: a stands twice in one response');
  assert.deepEqual(sink.updates, []);
});

test('a sink that throws refuses the change and the stream goes on', async (t) => {
  const { server, client } = await startSotw(t);
  let calls = 0;
  client.watchAll('CDS', {
    update() {
      if (++calls === 1) throw new Error('out of order');
      return [];
    },
  });
  await server.next();
  server.sendSotw({ typeUrl: CDS, versionInfo: '1', nonce: '1', resources: [packedCluster('a')] });
  assert.equal(said(await server.next()).error, 'CDS: a: out of order');
  server.sendSotw({ typeUrl: CDS, versionInfo: '2', nonce: '2', resources: [packedCluster('a')] });
  assert.equal(said(await server.next()).version, '2');
});

test('sotw: names of one turn go out in one request; a missing resource is kept; a late watcher gets what is held', async (t) => {
  const { server, client } = await startSotw(t);
  const seen: string[] = [];
  const watch = (name: string) =>
    client.watch('EDS', name, { onResource: (resource) => void seen.push(resource.clusterName) });
  const first = watch('a');
  watch('b');
  assert.deepEqual(said(await server.next()).names, ['a', 'b']);
  server.sendSotw({ typeUrl: EDS, versionInfo: '1', nonce: '1', resources: [assignment('a'), assignment('b')] });
  assert.deepEqual(said(await server.next()), {
    version: '1',
    nonce: '1',
    names: ['a', 'b'],
    node: false,
    error: undefined,
  });
  server.sendSotw({ typeUrl: EDS, versionInfo: '2', nonce: '2', resources: [assignment('b')] });
  await server.next();
  watch('a');
  assert.deepEqual(seen, ['a', 'b', 'a']);
  first.close();
  watch('c');
  assert.deepEqual(said(await server.next()), {
    version: '2',
    nonce: '2',
    names: ['a', 'b', 'c'],
    node: false,
    error: undefined,
  });
});

test('sotw: a watcher that refuses makes a NACK, and unsubscribing sends the names that are left', async (t) => {
  const { server, client } = await startSotw(t);
  const watch = client.watch('EDS', 'a', {
    onResource: () => {
      throw new Error('no endpoints');
    },
  });
  client.watch('EDS', 'b', { onResource: () => undefined });
  await server.next();
  server.sendSotw({ typeUrl: EDS, versionInfo: '1', nonce: '1', resources: [assignment('a')] });
  assert.deepEqual(said(await server.next()), {
    version: '',
    nonce: '1',
    names: ['a', 'b'],
    node: false,
    error: 'EDS: a: no endpoints',
  });
  watch.close();
  assert.deepEqual(said(await server.next()), { version: '', nonce: '1', names: ['b'], node: false, error: undefined });
});

test('sotw: after a lost stream it asks again in push order, with the version it has, and keeps its configuration', async (t) => {
  const { server, client } = await startSotw(t);
  const sink = new RecordingSink();
  client.watch('EDS', 'a', { onResource: () => undefined });
  client.watchAll('CDS', sink);
  await server.next();
  await server.next();
  server.sendSotw({ typeUrl: CDS, versionInfo: '7', nonce: '1', resources: [packedCluster('a')] });
  await server.next();
  server.endStream();
  const again = [await server.next(), await server.next()];
  assert.deepEqual(
    again.map((request) => [request.typeUrl, said(request)]),
    [
      [CDS, { version: '7', nonce: '', names: [], node: true, error: undefined }],
      [EDS, { version: '', nonce: '', names: ['a'], node: false, error: undefined }],
    ],
  );
  assert.equal(server.streams, 2);
  server.sendSotw({ typeUrl: CDS, versionInfo: '8', nonce: '1', resources: [packedCluster('a'), packedCluster('b')] });
  await server.next();
  assert.deepEqual(sink.updates, [
    { changed: ['a'], removed: [] },
    { changed: ['b'], removed: [] },
  ]);
});

test('responses of types that nobody asked for are passed over', async (t) => {
  const { server, client } = await startSotw(t);
  client.watchAll('CDS', new RecordingSink());
  await server.next();
  server.sendSotw({ typeUrl: 'type.googleapis.com/what.Ever', versionInfo: '1', nonce: 'x' });
  server.sendSotw({ typeUrl: EDS, versionInfo: '1', nonce: 'y', resources: [assignment('a')] });
  server.sendSotw({ typeUrl: CDS, versionInfo: '1', nonce: 'z' });
  assert.equal(said(await server.next()).nonce, 'z');
});

test('delta: subscribes, acknowledges by nonce, applies changes and removals, goes on from its versions', async (t) => {
  const { server, client } = await startDelta(t);
  const sink = new RecordingSink();
  client.watchAll('CDS', sink);
  const none = { subscribe: [], unsubscribe: [], versions: {}, nonce: '', node: false, error: undefined };
  assert.deepEqual(saidDelta(await server.next()), { ...none, node: true });
  server.sendDelta({
    typeUrl: CDS,
    nonce: '1',
    resources: [
      { name: 'a', version: 'a1', resource: packedCluster('a') },
      { name: 'b', version: 'b1', resource: packedCluster('b') },
    ],
  });
  assert.deepEqual(saidDelta(await server.next()), { ...none, nonce: '1' });
  sink.refuse.add('b');
  server.sendDelta({
    typeUrl: CDS,
    nonce: '2',
    resources: [
      { name: 'b', version: 'b2', resource: packedCluster('b', 9) },
      { name: 'c', version: 'c1', resource: packedCluster('c') },
    ],
    removedResources: ['a'],
  });
  assert.deepEqual(saidDelta(await server.next()), { ...none, nonce: '2', error: 'CDS: b: not this one' });
  server.endStream();
  assert.deepEqual(saidDelta(await server.next()), { ...none, versions: { b: 'b1', c: 'c1' }, node: true });
  assert.deepEqual(sink.updates, [
    { changed: ['a', 'b'], removed: [] },
    { changed: ['b', 'c'], removed: ['a'] },
  ]);
});

test('delta: subscriptions go out as differences; a removed resource is told as missing', async (t) => {
  const { server, client } = await startDelta(t);
  const events: string[] = [];
  const watcher = { onResource: () => void events.push('resource'), onMissing: () => void events.push('missing') };
  const first = client.watch('EDS', 'a', watcher);
  assert.deepEqual(saidDelta(await server.next()).subscribe, ['a']);
  client.watch('EDS', 'b', watcher);
  first.close();
  const difference = saidDelta(await server.next());
  assert.deepEqual([difference.subscribe, difference.unsubscribe], [['b'], ['a']]);
  server.sendDelta({ typeUrl: EDS, nonce: '1', resources: [{ name: 'b', version: '1', resource: assignment('b') }] });
  await server.next();
  server.sendDelta({ typeUrl: EDS, nonce: '2', removedResources: ['b'] });
  assert.equal((await server.next()).responseNonce, '2');
  assert.deepEqual(events, ['resource', 'missing']);
});

test('a secret source of its own speaks SDS on its own stream, over a Unix socket', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'xds-'));
  t.after(() => rm(folder, { recursive: true }));
  const { server, clients } = await start<DiscoveryRequest>(t, 'sotw', 'sds', join(folder, 'sds.sock'));
  const source = create(ConfigSourceSchema, {
    configSourceSpecifier: { case: 'apiConfigSource', value: apiSource('sotw', 'xds-grpc') },
  });
  const secrets = clients.forConfigSource(source);
  assert.equal(clients.forConfigSource(source), secrets);
  const received = new Promise<string>((resolve) => {
    secrets.watch('SDS', 'default', { onResource: (secret) => (resolve(secret.name), undefined) });
  });
  assert.deepEqual(said(await server.next()).names, ['default']);
  const secret = packAny(SecretSchema, create(SecretSchema, { name: 'default' }));
  server.sendSotw({ typeUrl: typeUrl('SDS'), versionInfo: '1', nonce: '1', resources: [secret] });
  assert.equal(await received, 'default');
});

test('sources that nothing can serve are refused by name', (t) => {
  const options = { clock: systemClock(), dice: seededDice(1), logger: silentLogger, stats: new StatsStore() };
  const clients = createXdsClients({ ...options, bootstrap: create(BootstrapSchema) });
  t.after(() => clients.close());
  const messages = [
    ADS,
    undefined,
    create(ConfigSourceSchema, { configSourceSpecifier: { case: 'path', value: '/nowhere/x' } }),
    create(ConfigSourceSchema, {
      configSourceSpecifier: { case: 'apiConfigSource', value: apiSource('sotw', 'nowhere') },
    }),
  ].map((source) => refusal(() => clients.forConfigSource(source)));
  assert.deepEqual(messages, [
    'the source is ads, and the bootstrap has no dynamic_resources.ads_config',
    'the config source says neither ads, self, api_config_source nor path_config_source',
    'there is no file /nowhere/x',
    'static cluster "nowhere" does not exist',
  ]);
});

function refusal(ask: () => XdsClient): string {
  try {
    ask();
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}
