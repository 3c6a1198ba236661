// Protocols are switched over HTTP/1.1 and HTTP/2 alike, whatever either side speaks (RFC 9110 §7.8, RFC 8441).
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  createServer as createServer2,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { type ProxySetup, startProxy } from '../proxy-under-test.ts';

const HTTP2_CLUSTER = {
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
};

async function proxyBefore(context: TestContext, port: number, setup: ProxySetup = {}): Promise<number> {
  const under = await startProxy({
    ports: [port],
    ...setup,
    manager: { upgrade_configs: [{ upgrade_type: 'websocket' }], http2_protocol_options: { allow_connect: true } },
  });
  context.after(() => under.close());
  return under.port;
}

/** Switches and sends everything back. */
async function startHttp1(context: TestContext): Promise<number> {
  const sockets = new Set<Duplex>();
  const server = createServer((_request, response) => void response.writeHead(426).end('upgrade'));
  server.on('upgrade', (asked, socket: Duplex) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: ${asked.headers.upgrade}\r\n`);
    socket.write(`x-seen: ${asked.method} ${asked.url}\r\n\r\n`);
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

/** The same by extended CONNECT. */
async function startHttp2(context: TestContext, enableConnectProtocol: boolean): Promise<number> {
  const server = createServer2({ settings: { enableConnectProtocol } });
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('error', () => {});
    const seen = `${headers[':method']} ${headers[':path']} ${headers[':protocol']}`;
    stream.respond({ ':status': 200, 'x-seen': seen });
    stream.pipe(stream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function http2Client(context: TestContext, port: number): Promise<ClientHttp2Session> {
  const session = connect(`http://127.0.0.1:${port}`);
  context.after(() => session.destroy());
  session.on('error', () => {});
  await once(session, 'remoteSettings');
  return session;
}

/** By HTTP/2. */
async function switchByHttp2(context: TestContext, port: number, protocol = 'websocket') {
  const session = await http2Client(context, port);
  assert.equal(session.remoteSettings.enableConnectProtocol, true);
  const fields = {
    ':method': 'CONNECT',
    ':protocol': protocol,
    ':scheme': 'http',
    ':path': '/chat',
    ':authority': 'a',
  };
  const stream = session.request(fields);
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
  return { stream, headers };
}

/** By HTTP/1.1. */
async function switchByHttp1(context: TestContext, port: number) {
  const call = request({
    port,
    host: '127.0.0.1',
    path: '/chat',
    headers: { connection: 'upgrade', upgrade: 'websocket' },
  });
  call.end();
  const [response, socket] = (await once(call, 'upgrade')) as [{ headers: Record<string, string> }, Duplex];
  context.after(() => socket.destroy());
  return { socket, headers: response.headers };
}

async function echoed(stream: ClientHttp2Stream | Duplex, text: string): Promise<string> {
  stream.write(text);
  let seen = '';
  while (seen.length < text.length) {
    const [chunk] = (await once(stream, 'data')) as [Buffer];
    seen += chunk.toString();
  }
  return seen;
}

test('from HTTP/2 to HTTP/1.1', async (context) => {
  const port = await proxyBefore(context, await startHttp1(context));
  const { stream, headers } = await switchByHttp2(context, port);
  assert.deepEqual([headers[':status'], headers['x-seen'], headers['upgrade']], [200, 'GET /chat', undefined]);
  assert.equal(await echoed(stream, 'hello'), 'hello');
  const closed = once(stream, 'close');
  stream.end();
  await closed;
});

test('from HTTP/1.1 to HTTP/2', async (context) => {
  const port = await proxyBefore(context, await startHttp2(context, true), { cluster: HTTP2_CLUSTER });
  const { socket, headers } = await switchByHttp1(context, port);
  assert.deepEqual([headers['upgrade'], headers['x-seen']], ['websocket', 'CONNECT /chat websocket']);
  assert.equal(await echoed(socket, 'hello'), 'hello');
  const ended = once(socket, 'end');
  socket.end();
  await ended;
});

test('from HTTP/2 to HTTP/2', async (context) => {
  const port = await proxyBefore(context, await startHttp2(context, true), { cluster: HTTP2_CLUSTER });
  const { stream, headers } = await switchByHttp2(context, port);
  assert.deepEqual([headers[':status'], headers['x-seen']], [200, 'CONNECT /chat websocket']);
  assert.equal(await echoed(stream, 'hello'), 'hello');
});

test('the end of the client’s side reaches an HTTP/1.1 upstream', async (context) => {
  const port = await proxyBefore(context, await startHttp1(context));
  const { socket } = await switchByHttp1(context, port);
  assert.equal(await echoed(socket, 'hello'), 'hello');
  const ended = once(socket, 'end');
  socket.end();
  await ended;
});

test('a protocol that is not allowed is refused', async (context) => {
  const port = await proxyBefore(context, await startHttp1(context));
  const { headers } = await switchByHttp2(context, port, 'other');
  assert.equal(headers[':status'], 403);
});

test('an HTTP/2 upstream that takes no switches is not asked', async (context) => {
  const port = await proxyBefore(context, await startHttp2(context, false), { cluster: HTTP2_CLUSTER });
  const session = await http2Client(context, port);
  const plain = session.request({ ':path': '/' });
  await once(plain, 'response');
  const { headers } = await switchByHttp2(context, port);
  assert.equal(headers[':status'], 502);
});

const CONNECT_ROUTE = (config?: object): ProxySetup => ({
  routes: [
    {
      match: { connect_matcher: {} },
      route: { cluster: 'app', upgrade_configs: [{ upgrade_type: 'CONNECT', connect_config: config }] },
    },
  ],
});

/** Sends bytes back. */
async function startTcp(context: TestContext): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createTcpServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function connectByHttp1(context: TestContext, port: number) {
  const call = request({ port, host: '127.0.0.1', method: 'CONNECT', path: 'somewhere:443' });
  call.end();
  const [response, socket] = (await once(call, 'connect')) as [{ statusCode: number }, Duplex];
  context.after(() => socket.destroy());
  return { socket, status: response.statusCode };
}

test('a CONNECT that ends here carries bytes to the upstream', async (context) => {
  const port = await proxyBefore(context, await startTcp(context), CONNECT_ROUTE({}));
  const { socket, status } = await connectByHttp1(context, port);
  assert.equal(status, 200);
  assert.equal(await echoed(socket, 'any bytes'), 'any bytes');
  const ended = once(socket, 'end');
  socket.end();
  await ended;
});

test('a CONNECT by HTTP/2 that ends here, too', async (context) => {
  const port = await proxyBefore(context, await startTcp(context), CONNECT_ROUTE({}));
  const session = await http2Client(context, port);
  const stream = session.request({ ':method': 'CONNECT', ':authority': 'somewhere:443' });
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
  assert.equal(headers[':status'], 200);
  assert.equal(await echoed(stream, 'any bytes'), 'any bytes');
});

test('a CONNECT is forwarded where it does not end', async (context) => {
  const behind = await proxyBefore(context, await startTcp(context), CONNECT_ROUTE({}));
  const port = await proxyBefore(context, behind, CONNECT_ROUTE());
  const { socket, status } = await connectByHttp1(context, port);
  assert.equal(status, 200);
  assert.equal(await echoed(socket, 'any bytes'), 'any bytes');
});

test('a CONNECT is forwarded by HTTP/2', async (context) => {
  const behind = await proxyBefore(context, await startTcp(context), CONNECT_ROUTE({}));
  const port = await proxyBefore(context, behind, { ...CONNECT_ROUTE(), cluster: HTTP2_CLUSTER });
  const { socket, status } = await connectByHttp1(context, port);
  assert.equal(status, 200);
  assert.equal(await echoed(socket, 'any bytes'), 'any bytes');
});

test('a CONNECT without a route for it finds none', async (context) => {
  const port = await proxyBefore(context, await startTcp(context));
  assert.equal((await connectByHttp1(context, port)).status, 404);
});
