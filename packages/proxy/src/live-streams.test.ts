// Streams that are open while an endpoint, a cluster or a listener is taken out of the configuration: each goes on to its end.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer, request } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { type AddressInfo, connect, createServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { ControlPlane, edsCluster, endpoints, startByAds } from './ads-under-test.ts';
import { routerFilter, socketAddress } from './proxy-under-test.ts';
import type { RunningProxy } from './run.ts';

const FILTERS = 'type.googleapis.com/envoy.extensions.filters.network';
const DRAIN_MS = 20_000;

test('open streams outlive their endpoint, their cluster and their listener, and end as they would', async (context) => {
  const { proxy, plane, app } = await startStreaming(context);
  const streams = await Promise.all([
    tcpStream(context, portOf(proxy, 'tcp')),
    webSocketStream(context, portOf(proxy, 'http')),
    http2Stream(context, portOf(proxy, 'http')),
  ]);
  for (const stream of streams) await echoes(stream, 'before');
  plane.set('EDS', endpoints('http', app.other), endpoints('tcp', app.other));
  await statBecomes(proxy, 'cluster.tcp.membership_change', 2);
  for (const stream of streams) await echoes(stream, 'without endpoint');
  plane.set('CDS');
  await statBecomes(proxy, 'cluster_manager.cluster_removed', 2);
  for (const stream of streams) await echoes(stream, 'without cluster');
  plane.set('LDS');
  await statBecomes(proxy, 'listener_manager.listener_removed', 2);
  for (const stream of streams) {
    await echoes(stream, 'without listener');
    stream.end();
    // What is left to come is the end alone.
    assert.deepEqual(await stream.toArray(), []);
  }
  assert.deepEqual(plane.refusals, []);
});

interface Streaming {
  readonly proxy: RunningProxy;
  readonly plane: ControlPlane;
  readonly app: { readonly other: number };
}

/** Listeners `tcp` and `http` lead to clusters of their names. */
async function startStreaming(context: TestContext): Promise<Streaming> {
  const [http, tcp, other] = await Promise.all([httpEcho(context), tcpEcho(context), tcpEcho(context)]);
  const plane = new ControlPlane();
  await plane.listen();
  plane.set('CDS', edsCluster('http'), edsCluster('tcp'));
  plane.set('EDS', endpoints('http', http), endpoints('tcp', tcp));
  plane.set('LDS', listener('http', manager()), listener('tcp', tcpProxy()));
  const proxy = await startByAds(context, plane, { drainTimeMs: DRAIN_MS });
  await proxy.ready;
  return { proxy, plane, app: { other } };
}

/** Answers when the stream has said it back. */
async function echoes(stream: Duplex, text: string): Promise<void> {
  const heard = once(stream, 'readable');
  stream.write(text);
  await heard;
  assert.equal(String(stream.read()), text);
}

async function tcpStream(context: TestContext, port: number): Promise<Duplex> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  context.after(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

async function webSocketStream(context: TestContext, port: number): Promise<Duplex> {
  const headers = { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' };
  const asked = request({ port, headers, agent: false }).end();
  const [, socket] = (await once(asked, 'upgrade')) as [unknown, Duplex];
  context.after(() => socket.destroy());
  return socket;
}

async function http2Stream(context: TestContext, port: number): Promise<Duplex> {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  context.after(() => session.destroy());
  const stream = session.request({ ':method': 'POST', ':path': '/' });
  stream.write('hello');
  const [{ ':status': status }] = (await once(stream, 'response')) as [{ ':status': number }];
  assert.equal(status, 200);
  await once(stream, 'readable');
  assert.equal(String(stream.read()), 'hello');
  return stream;
}

async function httpEcho(context: TestContext): Promise<number> {
  const server = createHttpServer((incoming, response) => void incoming.pipe(response));
  server.on('upgrade', (_request, socket: Duplex) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n');
    socket.on('error', () => {}).pipe(socket);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  context.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

async function tcpEcho(context: TestContext): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => void socket.on('error', () => {}).pipe(socket));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  context.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

function listener(name: string, filter: object): object {
  return { name, address: socketAddress(0), filter_chains: [{ filters: [{ name, typed_config: filter }] }] };
}

function tcpProxy(): object {
  return { '@type': `${FILTERS}.tcp_proxy.v3.TcpProxy`, stat_prefix: 'tcp', cluster: 'tcp' };
}

function manager(): object {
  const routes = [{ match: { prefix: '/' }, route: { cluster: 'http', timeout: '0s' } }];
  return {
    '@type': `${FILTERS}.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'http',
    upgrade_configs: [{ upgrade_type: 'websocket' }],
    route_config: { name: 'all', virtual_hosts: [{ name: 'all', domains: ['*'], routes }], validate_clusters: false },
    http_filters: [routerFilter()],
  };
}

function portOf(proxy: RunningProxy, name: string): number {
  const address = proxy.listenerAddress(name);
  return address && 'port' in address ? address.port : 0;
}

/** There is no event for it. */
async function statBecomes({ adminPort }: RunningProxy, name: string, value: number): Promise<void> {
  for (;;) {
    const text = await (await fetch(`http://127.0.0.1:${adminPort}/stats?filter=^${name}$`)).text();
    if (Number(text.split(': ')[1]) === value) return;
  }
}
