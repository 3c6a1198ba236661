// Programs without a sidecar: the gRPC libraries of Node and of gRPC's own core, as clients and servers of the mesh.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { systemClock } from '@meltemi/base';
import { type CertificateAuthority, openCertificateAuthority } from '@meltemi/identity';
import { freePorts } from './support/free-ports.ts';
import { GrpcPeer } from './support/grpc-peer-process.ts';
import { InProcessPilot } from './support/in-process-pilot.ts';
import { eventually } from './support/mesh-under-test.ts';

const python = process.env['MELTEMI_GRPC_PYTHON'];
const support = join(import.meta.dirname, 'support');
const NODE = [process.execPath, join(support, 'grpc-peer.ts')] as const;
const CORE = python && ([python, join(support, 'grpc_peer.py')] as const);
const skip = CORE ? false : 'MELTEMI_GRPC_PYTHON names no Python with grpcio';
/** gRPC's codes. */
const [OK, DEADLINE_EXCEEDED, PERMISSION_DENIED, ABORTED, UNAVAILABLE] = [0, 4, 7, 10, 14];

/** A server of grpcio 1.85 ends when callers go over to others, so it stands where they don't; one of grpc-js 1.14 ends when its callers change to TLS. */
const SERVERS = [
  { app: 'greeter', version: 'v1', address: '127.0.0.11', of: 'node' },
  { app: 'greeter', version: 'v2', address: '127.0.0.12', of: 'node' },
  { app: 'vault', version: 'v1', address: '127.0.0.13', of: 'node' },
  { app: 'vault', version: 'v2', address: '127.0.0.14', of: 'core' },
] as const;

let pilot: InProcessPilot;
let authority: CertificateAuthority;
let directory: string;
const peers: GrpcPeer[] = [];
let clients: readonly { readonly title: string; readonly peer: GrpcPeer }[];

before(async () => {
  if (!CORE) return;
  directory = mkdtempSync(join(tmpdir(), 'meltemi-grpc-'));
  authority = await openCertificateAuthority({ directory, trustDomain: 'cluster.local', clock: systemClock() });
  pilot = await InProcessPilot.start({});
  const ports = await freePorts(SERVERS.length);
  const pods = SERVERS.map(({ app, version, address }, index) => pod(app, version, address, ports[index]!));
  pilot.apply('world', [service('greeter'), service('vault'), ...pods].join('\n---\n'));
  for (const [index, { app, version, address, of }] of SERVERS.entries()) {
    const server = await start(of === 'core' ? CORE : NODE, `${app}-${version}`, address, app);
    await server.serve(`${address}:${ports[index]}`, version);
  }
  clients = [
    { title: 'grpc-js', peer: await start(NODE, 'caller-js', '127.0.0.21', 'caller') },
    { title: 'grpcio', peer: await start(CORE, 'caller-core', '127.0.0.22', 'caller') },
  ];
});
after(async () => {
  if (!CORE) return;
  for (const peer of peers) await peer.stop();
  await pilot.close();
  rmSync(directory, { recursive: true });
});

test('calls go round all servers, by any name of the service', { skip }, async () => {
  await forEachClient(async (peer) => {
    for (const host of ['greeter', 'greeter.default', 'greeter.default.svc.cluster.local']) {
      await eventually(async () => {
        const replies = await peer.call(`xds:///${host}:7070`, { count: 8 });
        assert.deepEqual(new Set(replies.map(({ body }) => body)), new Set(['v1', 'v2']));
      });
    }
  });
});

test('weights and headers choose the version', { skip }, async () => {
  const to = (subset: string, weight: number) => ({ destination: { host: 'greeter', subset }, weight });
  rules({
    http: [
      {
        match: [{ headers: { user: { exact: 'jason' } } }],
        route: [{ destination: { host: 'greeter', subset: 'v1' } }],
      },
      { route: [to('v1', 20), to('v2', 80)] },
    ],
  });
  await forEachClient(async (peer) => {
    await eventually(async () => {
      const replies = await peer.call('xds:///greeter:7070', { count: 200 });
      const first = replies.filter(({ body }) => body === 'v1').length;
      assert.ok(first > 15 && first < 70, `${first} of 200`);
    });
    const chosen = await peer.call('xds:///greeter:7070', { count: 20, headers: { user: 'jason' } });
    assert.deepEqual([...new Set(chosen.map(({ body }) => body))], ['v1']);
  });
});

test('faults are injected where a rule says so', { skip }, async () => {
  const route = [{ destination: { host: 'greeter' } }];
  const abort = { percentage: { value: 100 }, grpcStatus: 'ABORTED' };
  rules({ http: [{ match: [{ headers: { user: { exact: 'jason' } } }], fault: { abort }, route }, { route }] });
  await forEachClient(async (peer) => {
    await eventually(async () => {
      const [reply] = await peer.call('xds:///greeter:7070', { headers: { user: 'jason' } });
      assert.equal(reply!.code, ABORTED);
    });
    assert.equal((await peer.call('xds:///greeter:7070'))[0]!.code, OK);
  });
});

test('calls are made again as often as a rule says', { skip }, async () => {
  const route = [{ destination: { host: 'greeter', subset: 'v1' } }];
  rules({ http: [{ retries: { attempts: 3, retryOn: 'unavailable', perTryTimeout: '2s' }, route }] });
  await forEachClient(async (peer, title) => {
    await eventually(async () => {
      const key = `${title}${Math.random()}`;
      assert.deepEqual(await peer.call('xds:///greeter:7070', { body: `flaky:${key}:2` }), [{ code: OK, body: 'v1' }]);
    });
    const [often] = await peer.call('xds:///greeter:7070', { body: `flaky:${title}often:9` });
    assert.equal(often!.code, UNAVAILABLE);
  });
});

test('a call takes no longer than a rule says', { skip }, async () => {
  rules({ http: [{ timeout: '300ms', route: [{ destination: { host: 'greeter' } }] }] });
  await forEachClient((peer) =>
    eventually(async () => {
      const began = performance.now();
      const [reply] = await peer.call('xds:///greeter:7070', { body: 'wait:3000' });
      assert.equal(reply!.code, DEADLINE_EXCEEDED);
      assert.ok(performance.now() - began < 2500);
    }),
  );
});

test('in mutual TLS, servers know their callers and refuse those that a policy does not name', { skip }, async () => {
  const allowed = { from: [{ source: { principals: ['cluster.local/ns/default/sa/caller'] } }] };
  pilot.apply(
    'rules',
    [
      object('DestinationRule', { host: 'vault', trafficPolicy: { tls: { mode: 'ISTIO_MUTUAL' } } }),
      STRICT,
      policy(allowed),
    ].join('\n---\n'),
  );
  await forEachClient((peer) =>
    eventually(async () => {
      const replies = await peer.call('xds:///vault:7070', { count: 8 });
      assert.deepEqual(new Set(replies.map(({ body }) => body)), new Set(['v1', 'v2']));
    }),
  );
  const stranger = await start(NODE, 'stranger', '127.0.0.23', 'stranger');
  await eventually(async () => {
    const replies = await stranger.call('xds:///vault:7070', { count: 8 });
    assert.deepEqual([...new Set(replies.map(({ code }) => code))], [PERMISSION_DENIED]);
  });
  const [plain] = await stranger.call('xds:///vault:7070', { secure: false });
  assert.equal(plain!.code, UNAVAILABLE);
});

test('nothing of it was refused by a library', { skip }, () => {
  assert.deepEqual(pilot.problems(), []);
});

async function forEachClient(check: (peer: GrpcPeer, title: string) => Promise<void>): Promise<void> {
  for (const { title, peer } of clients) {
    await check(peer, title).catch((error: unknown) => {
      throw new Error(`${title}: ${(error as Error).message}`, { cause: error });
    });
  }
}

async function start(
  command: readonly [string, ...string[]],
  name: string,
  address: string,
  account: string,
): Promise<GrpcPeer> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const identity = { trustDomain: 'cluster.local', namespace: 'default', serviceAccount: account };
  const { chain } = await authority.issue({ publicKey, identity, ttlMs: 3_600_000 });
  const peer = new GrpcPeer({
    command,
    pilotPort: pilot.port,
    name,
    address,
    labels: { app: account },
    certificate: chain.slice(0, -1).join(''),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    roots: authority.roots,
  });
  peers.push(peer);
  return peer;
}

function rules(spec: object): void {
  pilot.apply('rules', [object('VirtualService', { hosts: ['greeter'], ...spec }), subsets()].join('\n---\n'));
}

function subsets(): string {
  const named = ['v1', 'v2'].map((name) => ({ name, labels: { version: name } }));
  return object('DestinationRule', { host: 'greeter', subsets: named });
}

function object(kind: string, spec: object): string {
  return `apiVersion: networking.istio.io/v1
kind: ${kind}
metadata: {name: greeter}
spec: ${JSON.stringify(spec)}`;
}

function policy(rule: object): string {
  return `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: vault}
spec: ${JSON.stringify({ selector: { matchLabels: { app: 'vault' } }, action: 'ALLOW', rules: [rule] })}`;
}

const STRICT = `apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: vault}
spec: {selector: {matchLabels: {app: vault}}, mtls: {mode: STRICT}}`;

function service(app: string): string {
  return `apiVersion: v1
kind: Service
metadata: {name: ${app}}
spec: {selector: {app: ${app}}, ports: [{name: grpc, port: 7070, targetPort: served}]}`;
}

function pod(app: string, version: string, address: string, port: number): string {
  return `apiVersion: v1
kind: Pod
metadata: {name: ${app}-${version}, labels: {app: ${app}, version: ${version}}}
spec: {serviceAccountName: ${app}, containers: [{name: app, ports: [{name: served, containerPort: ${port}}]}]}
status: {phase: Running, podIP: ${address}, conditions: [{type: Ready, status: 'True'}]}`;
}
