// How much waits in a proxy for a peer that does not read: as much as the listener or the cluster allows, in Envoy and in ours.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { withoutEnvoy as skip } from './support/envoy.ts';
import { eventually } from './support/mesh-under-test.ts';
import { clusterOf, type PairedListener, type PairedProxies, startPairedProxies } from './support/paired-proxies.ts';

const SENT = 40 * 1024 * 1024;
/** What the kernel's buffers of two connections hold at most. */
const KERNEL = 24 * 1024 * 1024;
const LIMITS = [16 * 1024, 64 * 1024 * 1024];
const CHUNK = Buffer.alloc(64 * 1024, 'x');
const STEP_MS = 50;
const CALM_STEPS = 8;

const GET = 'GET / HTTP/1.1\r\nhost: a.test\r\n\r\n';
const POST = `POST / HTTP/1.1\r\nhost: a.test\r\ncontent-length: ${SENT}\r\n\r\n`;
const ANSWER = `HTTP/1.1 200 OK\r\ncontent-length: ${SENT}\r\n\r\n`;

/** Who sends too much to whom: a pair of ends, the sending one first. */
type Flow = (context: TestContext, server: Server, port: number, http: boolean) => Promise<readonly [Socket, Socket]>;

test('so many bytes wait for a client as the listener says', { skip, timeout: 60_000 }, async (context) => {
  const server = await serve(context);
  const proxies = await startPairedProxies(context, {
    clusters: [clusterOf('app', portOf(server))],
    listeners: [
      ...LIMITS.map((bytes): PairedListener => ({ filters: [], ...routedTo('app'), listener: limit(bytes) })),
      ...LIMITS.map((bytes) => ({ filters: [], listener: { ...carriedTo('app'), ...limit(bytes) } })),
    ],
  });
  await compare(context, proxies, server, answering);
});

test('so many bytes wait for a host as the cluster says', { skip, timeout: 60_000 }, async (context) => {
  const server = await serve(context);
  const proxies = await startPairedProxies(context, {
    clusters: LIMITS.map((bytes) => clusterOf(`app-${bytes}`, portOf(server), limit(bytes))),
    listeners: [
      ...LIMITS.map((bytes): PairedListener => ({ filters: [], ...routedTo(`app-${bytes}`) })),
      ...LIMITS.map((bytes) => ({ filters: [], listener: carriedTo(`app-${bytes}`) })),
    ],
  });
  await compare(context, proxies, server, uploading);
});

/** The small limit holds a sender back, the large one takes everything; what was held back arrives when it is read. */
async function compare(context: TestContext, proxies: PairedProxies, server: Server, flow: Flow): Promise<void> {
  for (const { listeners } of [proxies.envoy, proxies.ours]) {
    for (const [index, port] of listeners.entries()) {
      const [sender, receiver] = await flow(context, server, port, index < LIMITS.length);
      if (index % 2 === 0) assert.ok((await settled(sender)) < KERNEL, `listener ${index} takes too much`);
      else
        await eventually(async () => assert.ok(taken(sender) >= SENT, `listener ${index}: ${taken(sender)}`), 20_000);
      await received(receiver);
      for (const socket of [sender, receiver]) socket.destroy();
    }
  }
}

async function answering(context: TestContext, server: Server, port: number, http: boolean) {
  const accepted = once(server, 'connection');
  const client = await dial(context, port);
  client.write(http ? GET : 'go');
  const [served] = (await accepted) as [Socket];
  await once(served, 'data');
  pour(served, http ? ANSWER : '');
  return [served, client] as const;
}

async function uploading(context: TestContext, server: Server, port: number, http: boolean) {
  const accepted = once(server, 'connection');
  const client = await dial(context, port);
  pour(client, http ? POST : '');
  const [served] = (await accepted) as [Socket];
  return [client, served] as const;
}

function pour(socket: Socket, head: string): void {
  socket.write(head);
  for (let sent = 0; sent < SENT; sent += CHUNK.length) socket.write(CHUNK);
}

/** Bytes that the kernel took. */
function taken(socket: Socket): number {
  return socket.bytesWritten - socket.writableLength;
}

/** … once it took some, and takes no more for a while. */
async function settled(socket: Socket): Promise<number> {
  let last = 0;
  for (let calm = 0; calm < CALM_STEPS; calm++) {
    await sleep(STEP_MS);
    const now = taken(socket);
    if (now !== last || now === 0) calm = 0;
    last = now;
  }
  return last;
}

async function received(socket: Socket): Promise<void> {
  let count = 0;
  for await (const chunk of socket) {
    count += (chunk as Buffer).length;
    if (count >= SENT) break;
  }
}

async function dial(context: TestContext, port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  context.after(() => socket.destroy());
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

async function serve(context: TestContext): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    context.after(() => socket.destroy());
  });
  context.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

function limit(bytes: number): object {
  return { per_connection_buffer_limit_bytes: bytes };
}

function routedTo(cluster: string): Pick<PairedListener, 'routes'> {
  return { routes: [{ match: { prefix: '/' }, route: { cluster, timeout: '0s' } }] };
}

function carriedTo(cluster: string): object {
  const type = 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy';
  const tcp = { '@type': type, stat_prefix: 'bytes', cluster };
  return { filter_chains: [{ filters: [{ name: 'tcp', typed_config: tcp }] }] };
}
