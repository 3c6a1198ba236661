// Connections that are on their way to their cluster while the configuration is exchanged: each arrives, at the old one or at the new one.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { after, type TestContext, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { ControlPlane, startByAds } from './ads-under-test.ts';
import { cluster, socketAddress } from './proxy-under-test.ts';
import type { RunningProxy } from './run.ts';
import { testAuthority } from './tls/test-certificates.ts';

const EXTENSIONS = 'type.googleapis.com/envoy.extensions';
const authority = testAuthority();
after(() => authority.close());
const pair = authority.issue('DNS:server.example');

test('a connection that shakes hands goes to the cluster of its begin, although that is taken out meanwhile', async (context) => {
  const changing = await startChanging(context);
  const relay = await startRelay(context, changing.port, 1);
  const client = dial(context, relay);
  await relay.answered;
  await changing.rename();
  relay.release();
  assert.equal(await read(client), 'old');
});

test('a connection whose hello comes after the change goes to the new cluster', async (context) => {
  const changing = await startChanging(context);
  const relay = await startRelay(context, changing.port, 0);
  const client = dial(context, relay);
  await changing.statBecomes('listener.tcp.downstream_pre_cx_active', 1);
  await changing.rename();
  relay.release();
  assert.equal(await read(client), 'new');
});

test('a connection whose hello comes after its listener was taken out goes where that led to', async (context) => {
  const changing = await startChanging(context);
  const relay = await startRelay(context, changing.port, 0);
  const client = dial(context, relay);
  await changing.statBecomes('listener.tcp.downstream_pre_cx_active', 1);
  changing.plane.set('LDS');
  await changing.statBecomes('listener_manager.listener_removed', 1);
  relay.release();
  assert.equal(await read(client), 'old');
});

interface Changing {
  readonly plane: ControlPlane;
  readonly port: number;
  /** From cluster `old` to cluster `new`: makes before it breaks. */
  rename(): Promise<void>;
  /** There is no event for it. */
  statBecomes(name: string, value: number): Promise<void>;
}

/** A proxy that ends TLS and leads to cluster `old`. */
async function startChanging(context: TestContext): Promise<Changing> {
  const old = cluster('old', [await saying(context, 'old')]);
  const next = cluster('new', [await saying(context, 'new')]);
  const plane = new ControlPlane();
  await plane.listen();
  plane.set('CDS', old);
  plane.set('LDS', listenerTo('old'));
  const proxy = await startByAds(context, plane);
  await proxy.ready;
  const address = proxy.listenerAddress('tcp');
  const statBecomes = async (name: string, value: number) => {
    while ((await statOf(proxy, name)) !== value);
  };
  return {
    plane,
    port: address && 'port' in address ? address.port : 0,
    statBecomes,
    async rename() {
      plane.set('CDS', old, next);
      plane.set('LDS', listenerTo('new'));
      await statBecomes('listener_manager.listener_modified', 1);
      plane.set('CDS', next);
      await statBecomes('cluster_manager.cluster_removed', 1);
    },
  };
}

async function statOf({ adminPort }: RunningProxy, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/stats?filter=^${name}$`)).text();
  return Number(text.split(': ')[1] ?? NaN);
}

function listenerTo(name: string): object {
  const certificate = {
    certificate_chain: { inline_string: pair.certificate },
    private_key: { inline_string: pair.key },
  };
  const socket = {
    '@type': `${EXTENSIONS}.transport_sockets.tls.v3.DownstreamTlsContext`,
    common_tls_context: { tls_certificates: [certificate] },
  };
  const proxy = { '@type': `${EXTENSIONS}.filters.network.tcp_proxy.v3.TcpProxy`, stat_prefix: 'tcp', cluster: name };
  const inspector = { '@type': `${EXTENSIONS}.filters.listener.tls_inspector.v3.TlsInspector` };
  return {
    name: 'tcp',
    stat_prefix: 'tcp',
    address: socketAddress(0),
    listener_filters: [{ name: 'inspector', typed_config: inspector }],
    filter_chains: [
      { filters: [{ name: 'tcp', typed_config: proxy }], transport_socket: { name: 'tls', typed_config: socket } },
    ],
  };
}

/** A server that says a text to everybody, and ends. */
async function saying(context: TestContext, text: string): Promise<number> {
  const server = createServer((socket) => void socket.on('error', () => {}).end(text));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  context.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

interface Relay {
  readonly port: number;
  /** The far side has taken what was passed on. */
  readonly answered: Promise<unknown>;
  /** Passes on what was kept back, and all that comes. */
  release(): void;
}

/** Carries one connection; of what the client sends so many pieces, then none until it is released. */
async function startRelay(context: TestContext, to: number, pieces: number): Promise<Relay> {
  const far = connect({ port: to, host: '127.0.0.1' });
  far.on('error', () => {});
  let near: Socket | undefined;
  const server = createServer((socket) => {
    near = socket.on('error', () => {});
    far.pipe(socket);
    socket.pause();
    if (pieces > 0) passOne(socket, far);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  context.after(() => {
    server.close();
    near?.destroy();
    far.destroy();
  });
  return {
    port: (server.address() as AddressInfo).port,
    answered: once(far, 'data'),
    release: () => void near?.pipe(far),
  };
}

function passOne(from: Socket, to: Socket): void {
  from.once('data', (piece) => {
    from.pause();
    to.write(piece);
  });
  from.resume();
}

function dial(context: TestContext, { port }: Relay): Socket {
  const client = connectTls({ port, host: '127.0.0.1', ca: authority.root, servername: 'server.example' });
  context.after(() => client.destroy());
  return client;
}

async function read(client: Socket): Promise<string> {
  let text = '';
  for await (const part of client) text += String(part);
  return text;
}
