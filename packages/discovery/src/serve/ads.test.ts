// The service over real gRPC connections: both variants converge, are authenticated, and survive refusals.
import assert from 'node:assert/strict';
import { on } from 'node:events';
import { after, test } from 'node:test';
import { toBinary } from '@bufbuild/protobuf';
import { type Any, AnySchema } from '@bufbuild/protobuf/wkt';
import { type ServiceError, status } from '@grpc/grpc-js';
import { silentLogger, systemClock } from '@meltemi/base';
import type { ConfigView } from '@meltemi/config';
import { RegistryStore } from '@meltemi/registry';
import { type RunningGrpcServer, serveGrpc } from '@meltemi/rpc';
import fc from 'fast-check';
import { DebugPages } from '../debug/debug-pages.ts';
import { DiscoveryServer } from '../discovery-server.ts';
import { DEFAULT_MESH } from '../mesh.ts';
import type { ProxyNode } from '../proxy-node.ts';
import { SERVED_TYPE_URL, SERVED_TYPES, type ServedType } from '../resources.ts';
import { OPERATOR } from '../viewer.ts';
import { BOOKINFO, pod, proxyNode, REVIEWS_SUBSETS, rule, service, viewOf, YamlStore } from '../test-world.ts';
import type { Authenticate } from './ads-call.ts';
import { XdsClient } from './test-xds-client.ts';

interface World {
  readonly store: YamlStore;
  readonly server: DiscoveryServer;
  readonly port: number;
}

const DEADLINE_MS = 5000;
/** For hundreds of clients in the server's own process. */
const MANY_MS = 30_000;

const closing: (() => void | Promise<void>)[] = [];
after(async () => {
  for (const close of closing.reverse()) await close();
});

async function serve(view: ConfigView, authenticate?: Authenticate): Promise<World> {
  const store = new YamlStore(view);
  const registry = new RegistryStore({ config: store, domain: 'cluster.local' });
  const options = { config: store, registry, mesh: DEFAULT_MESH, clock: systemClock(), logger: silentLogger };
  const server = new DiscoveryServer(options);
  const running: RunningGrpcServer = await serveGrpc({
    address: { host: '127.0.0.1', port: 0 },
    services: [server.service(authenticate)],
  });
  closing.push(() => running.close(200));
  closing.push(() => server.close());
  return { store, server, port: running.port };
}

/** Waits until the client holds what the server means it to have, from snapshot `version` on. */
async function converged(
  client: XdsClient,
  server: DiscoveryServer,
  node: ProxyNode,
  version: number,
  deadlineMs = DEADLINE_MS,
): Promise<void> {
  await until(() => {
    const wanted = server.snapshot.version >= version ? server.resourcesOf(node.id) : undefined;
    return (wanted && SERVED_TYPES.every((type) => sameResources(client.held[type], wanted[type], type))) || undefined;
  }, deadlineMs);
}

function sameResources(
  held: ReadonlyMap<string, Any>,
  wanted: ReadonlyMap<string, { readonly any: Uint8Array }>,
  type: ServedType,
): boolean {
  // A client asks only for endpoints and routes that are named; all it was sent must be the newest.
  const whole = type === 'CDS' || type === 'LDS';
  if (whole && held.size !== wanted.size) return false;
  if (type === 'RDS' && held.size !== wanted.size) return false;
  return [...held].every(([name, any]) => {
    const fragment = wanted.get(name);
    return fragment && Buffer.from(toBinary(AnySchema, any)).equals(fragment.any);
  });
}

const WORLDS = await Promise.all(
  [
    [],
    [REVIEWS_SUBSETS],
    [service('details'), pod('details', 'v1')],
    [pod('ratings', 'v1', { inbound: { 9080: { listen: '127.0.0.1:21041', app: '127.0.0.1:21042' } } })],
    [pod('ratings', 'v1', { inbound: { 9080: { listen: '127.0.0.1:21051', app: '127.0.0.1:21052' } } })],
    [
      REVIEWS_SUBSETS,
      rule('VirtualService', 'reviews', {
        hosts: ['reviews'],
        http: [{ route: [{ destination: { host: 'reviews', subset: 'v1' } }] }],
      }),
    ],
    [
      REVIEWS_SUBSETS,
      rule('VirtualService', 'reviews', {
        hosts: ['reviews'],
        http: [{ route: [{ destination: { host: 'reviews', subset: 'v2' } }] }],
      }),
    ],
    [
      rule('ServiceEntry', 'out', {
        hosts: ['out.example'],
        ports: [{ number: 80, name: 'http', protocol: 'HTTP' }],
        resolution: 'DNS',
      }),
    ],
  ].map((extra) => viewOf(...BOOKINFO, ...extra)),
);
const SMALL = await viewOf(service('reviews'), pod('productpage', 'v1', { inbound: {} }));
const VIEWS = [...WORLDS, SMALL];
const NODE = proxyNode('productpage-v1');

test('both variants hold the same after any changes, and after a lost connection', async () => {
  const change = fc.record({ view: fc.nat(VIEWS.length - 1), settle: fc.boolean(), reconnect: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (changes) => {
      const { store, server, port } = await serve(WORLDS[0]!);
      const clients = [new XdsClient(port, NODE, 'sotw'), new XdsClient(port, NODE, 'delta')];
      await Promise.all(clients.map((client) => converged(client, server, NODE, 1)));
      for (const { view, settle, reconnect } of changes) {
        const before = server.snapshot.version;
        store.replace(VIEWS[view]!);
        if (reconnect) for (const client of clients) client.reconnect();
        if (settle) await Promise.all(clients.map((client) => settled(client, server, before)));
      }
      const end =
        server.snapshot.config.version === store.view().version ? server.snapshot.version : server.snapshot.version + 1;
      await Promise.all(clients.map((client) => converged(client, server, NODE, end)));
      for (const client of clients) await client.close();
    }),
    { numRuns: 15 },
  );
});

/** A change that comes in a quiet time is taken up at once; in a storm it waits for its end. */
function settled(client: XdsClient, server: DiscoveryServer, before: number): Promise<void> {
  return converged(client, server, NODE, server.snapshot.version > before ? server.snapshot.version : before + 1);
}

test('a change of endpoints sends endpoints and nothing else', async () => {
  const { store, server, port } = await serve(WORLDS[3]!);
  const client = new XdsClient(port, NODE, 'delta');
  await converged(client, server, NODE, 1);
  const before = { ...client.received };
  const made = server.generated;
  store.replace(WORLDS[4]!);
  await converged(client, server, NODE, 2);
  assert.deepEqual(client.received, { ...before, EDS: before.EDS + 1 });
  assert.equal(server.generated, made + 1);
  await client.close();
});

test('a proxy that was connected to another process is not sent again what it holds', async () => {
  const { store, server, port } = await serve(WORLDS[3]!);
  const client = new XdsClient(port, NODE, 'delta');
  await converged(client, server, NODE, 1);
  const before = { ...client.received };
  client.reconnect();
  store.replace(WORLDS[4]!);
  await converged(client, server, NODE, 2);
  assert.deepEqual(client.received, { ...before, EDS: before.EDS + 1 });
  await client.close();
});

test('500 that connect at once, and again, are all served in seconds, and sent once what they hold', async () => {
  const { store, server, port } = await serve(WORLDS[3]!);
  const clients = Array.from({ length: 500 }, () => new XdsClient(port, NODE, 'delta'));
  for (const client of clients) await converged(client, server, NODE, 1, MANY_MS);
  const before = clients.map(({ received }) => ({ ...received }));
  const began = performance.now();
  for (const client of clients) client.reconnect();
  store.replace(WORLDS[4]!);
  for (const client of clients) await converged(client, server, NODE, 2, MANY_MS);
  const seconds = (performance.now() - began) / 1000;
  assert.ok(seconds < 10, `served in ${seconds} s`);
  for (const [index, { received }] of clients.entries()) {
    assert.deepEqual(received, { ...before[index]!, EDS: before[index]!.EDS + 1 });
  }
  await Promise.all(clients.map((client) => client.close()));
});

test('a refusal is shown, counted, and not answered with the same again', async () => {
  const { store, server, port } = await serve(WORLDS[5]!);
  const client = new XdsClient(port, NODE, 'sotw');
  await converged(client, server, NODE, 1);
  const name = 'outbound|9080||reviews.default.svc.cluster.local';
  client.refuse.set('RDS', `${name}: not by the test`);
  const { RDS } = client.received;
  store.replace(WORLDS[6]!);
  const signal = AbortSignal.timeout(5000);
  for await (const _ of on(client.events, 'changed', { signal })) if (client.received.RDS > RDS) break;
  const problem = await until(() => server.problems().find(({ code }) => code === 'MEL0302'));
  const words = `proxy productpage-v1.default refused RDS ${name}, and goes on with what it had: ${name}: not by the test`;
  assert.equal(problem?.message, words);
  assert.deepEqual(problem.resource, { kind: 'VirtualService', namespace: 'default', name: 'reviews' });
  assert.match(server.metrics.text(), /^pilot_total_xds_rejects\{type="rds"\} 1$/m);
  const pages = new DebugPages({ server, meshConfig: () => ({}) });
  const syncz = pages.look('syncz', { query: new URLSearchParams(), viewer: OPERATOR });
  assert.ok(syncz.kind === 'json');
  const [shown] = syncz.value as { resources: Record<string, { lastError?: string; sent: string; acked: string }> }[];
  const { [SERVED_TYPE_URL.RDS]: routes, [SERVED_TYPE_URL.CDS]: clusters } = shown!.resources;
  assert.equal(routes!.lastError, `${name}: ${name}: not by the test`);
  assert.deepEqual([clusters!.lastError, clusters!.sent], [undefined, clusters!.acked]);
  // The routes of the HTTP proxy had changed with them, and went out again alone.
  await until(() => client.received.RDS === RDS + 2 || undefined);
  store.replace(WORLDS[5]!);
  await converged(client, server, NODE, 3);
  await until(() => server.problems().every(({ code }) => code !== 'MEL0302') || undefined);
  await client.close();
});

test('who proves nothing, or to be another, is refused', async () => {
  const cases: [Authenticate, status][] = [
    [() => Promise.resolve(undefined), status.UNAUTHENTICATED],
    [() => Promise.reject(new Error('bad token')), status.UNAUTHENTICATED],
    [() => Promise.resolve({ namespace: 'other', serviceAccount: 'productpage' }), status.PERMISSION_DENIED],
  ];
  for (const [authenticate, code] of cases) {
    const { port, server } = await serve(WORLDS[0]!, authenticate);
    const client = new XdsClient(port, NODE, 'delta');
    const [error] = (await once(client, 'failed')) as [ServiceError];
    assert.equal(error.code, code);
    assert.doesNotMatch(error.details, /bad token/);
    assert.equal(server.proxies().length, 0);
    client.abandon();
  }
});

test('a node that is not a proxy of the mesh is refused', async () => {
  const { port } = await serve(WORLDS[0]!);
  const client = new XdsClient(port, { ...NODE, id: 'nobody' }, 'sotw');
  const [error] = (await once(client, 'failed')) as [ServiceError];
  assert.equal(error.code, status.INVALID_ARGUMENT);
  client.abandon();
});

async function once(client: XdsClient, event: string): Promise<unknown[]> {
  for await (const values of on(client.events, event, { signal: AbortSignal.timeout(5000) }))
    return values as unknown[];
  throw new Error('unreachable');
}

/** Looks again on each turn of the event loop. */
async function until<Value>(find: () => Value | undefined, deadlineMs = DEADLINE_MS): Promise<Value> {
  const deadline = performance.now() + deadlineMs;
  for (let found = find(); performance.now() < deadline; found = find()) {
    if (found !== undefined) return found;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error(`did not come within ${deadlineMs} ms`);
}
