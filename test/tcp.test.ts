// Bytes through a whole mesh: gateway → sidecar → application → its sidecar → mutual TLS → sidecar → application.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { parseSocketAddress, type SocketAddress } from '@meltemi/base';
import { eventually, httpGet, type MeshUnderTest, root, startMesh } from './support/mesh-under-test.ts';

const envoy = process.env['MELTEMI_ENVOY'];

/** The mesh and the address of its gateway's port 9001 while a group of tests runs. */
let mesh: MeshUnderTest;
let entrance: SocketAddress;

describe('with our sidecars', () => carriesBytes([]));
describe('with Envoy as every sidecar', { skip: envoy ? false : 'MELTEMI_ENVOY names no Envoy' }, () =>
  carriesBytes(['--proxy', envoy!]),
);

function carriesBytes(flags: readonly string[]): void {
  before(async () => {
    mesh = await startMesh({ flags, workloads: workloads() });
    entrance = await eventually(async () => parseSocketAddress((await mesh.status()).ingress.ports['9001']!)!);
    await eventually(() => talk('ready'), 20_000);
  });
  after(() => mesh.close());

  test('bytes go both ways through the mesh, and each side ends on its own', async () => {
    const { greeting, rest } = await talk('hello');
    assert.match(greeting, /^v[12]$/);
    assert.equal(rest.toString(), 'hello');
    const relay = await mesh.workload('relay');
    const { body } = await httpGet(`http://${relay.sidecar.admin}/stats?filter=^tcp`);
    assert.match(body, /^tcp\.outbound_9000__bytes\.default\.svc\.cluster\.local\.downstream_cx_total: [1-9]/m);
    assert.match(body, /^tcp\.inbound_0\.0\.0\.0_9001\.downstream_cx_rx_bytes_total: [1-9]/m);
  });

  test('10 MB arrive as they were sent', async () => {
    const bytes = Buffer.alloc(10 * 1024 * 1024);
    for (let index = 0; index < bytes.length; index += 4) bytes.writeUInt32LE((index * 2_654_435_761) % 2 ** 32, index);
    const { rest } = await talk(bytes);
    assert.equal(rest.length, bytes.length);
    assert.equal(digest(rest), digest(bytes));
  });

  test('a rule splits connections by weight', async () => {
    const versions = async () => {
      const greetings = new Set<string>();
      for (let count = 0; count < 12; count++) greetings.add((await talk('')).greeting);
      return [...greetings].sort();
    };
    await using rule = weights(0, 100);
    await eventually(async () => assert.deepEqual(await versions(), ['v2']));
    rule.write(50, 50);
    await eventually(async () => assert.deepEqual(await versions(), ['v1', 'v2']));
  });

  test('a client hears that the application was killed, and later finds it again', async () => {
    await using _ = weights(100, 0);
    await eventually(async () => assert.equal((await talk('')).greeting, 'v1'));
    const socket = await dial();
    await once(socket, 'data');
    const over = new Promise<void>((resolve) => socket.once('end', resolve).once('close', () => resolve()));
    process.kill((await mesh.workload('bytes-v1')).pid, 'SIGKILL');
    await over;
    socket.destroy();
    await eventually(async () => assert.equal((await talk('')).greeting, 'v1'), 20_000);
  });

  test('a sidecar answers no one who has no identity of the mesh', async () => {
    const { inbound } = (await mesh.workload('bytes-v1')).sidecar;
    const address = parseSocketAddress(inbound)!;
    const plain = connect(address);
    plain.write('hello\n');
    // At most a TLS alert, not the greeting.
    assert.equal((await heard(plain)).includes('v1'), false);
    const stranger = connectTls({ ...address, rejectUnauthorized: false });
    assert.equal((await heard(stranger)).length, 0);
  });
}

interface Talk {
  /** The first line of the server. */
  readonly greeting: string;
  readonly rest: Buffer;
}

/** Sends everything at the gateway, ends, and reads to the end. */
async function talk(bytes: string | Buffer): Promise<Talk> {
  const socket = await dial();
  socket.end(bytes);
  const all = await heard(socket);
  const line = all.indexOf('\n');
  assert.ok(line > 0, `heard ${JSON.stringify(all.toString().slice(0, 100))}`);
  return { greeting: all.subarray(0, line).toString(), rest: all.subarray(line + 1) };
}

async function dial(): Promise<Socket> {
  const socket = connect({ ...entrance, allowHalfOpen: true });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** All that comes until the other side ends or cuts the connection. */
async function heard(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => {});
  await new Promise<void>((resolve) => socket.once('end', resolve).once('close', () => resolve()));
  socket.destroy();
  return Buffer.concat(chunks);
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A rule for connections to `bytes`, for a while. */
function weights(v1: number, v2: number) {
  const file = join(mesh.directory, 'weights.yaml');
  const write = (first: number, second: number) =>
    writeFileSync(
      file,
      `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: bytes}
spec:
  hosts: [bytes]
  tcp:
  - route:
    - {destination: {host: bytes, subset: v1}, weight: ${first}}
    - {destination: {host: bytes, subset: v2}, weight: ${second}}
`,
    );
  write(v1, v2);
  return { write, [Symbol.asyncDispose]: async () => rmSync(file) };
}

function workloads(): string {
  const app = join(root, 'test/support/bytes-app.ts');
  const service = (name: string, portName: string, port: number) => `apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec:
  ports: [{name: ${portName}, port: ${port}}]
  selector: {app: ${name}}
`;
  const deployment = (name: string, labels: string, role: string, port: number) => `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  selector: {matchLabels: {${labels}}}
  template:
    metadata: {labels: {${labels}}}
    spec:
      containers:
      - name: app
        command: [node, ${app}, ${role}]
        ports: [{containerPort: ${port}}]
`;
  return [
    service('bytes', 'tcp', 9000),
    deployment('bytes-v1', 'app: bytes, version: v1', 'echo, v1', 9000),
    deployment('bytes-v2', 'app: bytes, version: v2', 'echo, v2', 9000),
    service('relay', 'tcp-in', 9001),
    deployment('relay', 'app: relay', 'relay, BYTES', 9001),
    `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: bytes}
spec:
  host: bytes
  subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: bytes}
spec:
  selector: {istio: ingressgateway}
  servers: [{port: {number: 9001, name: tcp, protocol: TCP}, hosts: ['*']}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: relay}
spec:
  hosts: ['*']
  gateways: [bytes]
  tcp: [{route: [{destination: {host: relay}}]}]
`,
  ].join('---\n');
}
