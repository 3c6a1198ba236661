// Requests of HTTP/1.1 and HTTP/2 clients to upstreams of HTTP/2, and what gRPC clients are told.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  type ClientHttp2Session,
  connect,
  constants,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { type AddressInfo, connect as connectTcp, createServer as createTcpServer } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { GRPC_CASES } from '@meltemi/testkit';
import { type ProxySetup, type ProxyUnderTest, RawClient, startProxy } from '../proxy-under-test.ts';

type OnStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, index: number) => void;

function speaking(kind: 'explicit_http_config' | 'use_downstream_protocol_config'): object {
  const http2 = { http2_protocol_options: {} };
  return {
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        [kind]: http2,
      },
    },
  };
}

/** A proxy before a server of node:http2, gone when the test ends. */
async function before(context: TestContext, onStream: OnStream, setup: ProxySetup = {}): Promise<ProxyUnderTest> {
  const app = createServer();
  let index = 0;
  app.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => undefined);
    onStream(stream, headers, index++);
  });
  const sessions = new Set<{ destroy(): void }>();
  app.on('session', (session) => void sessions.add(session));
  await once(app.listen(0, '127.0.0.1'), 'listening');
  context.after(() => {
    for (const session of sessions) session.destroy();
    app.close();
  });
  const { port } = app.address() as AddressInfo;
  const proxy = await startProxy({ ports: [port], cluster: speaking('explicit_http_config'), ...setup });
  context.after(() => proxy.close());
  return proxy;
}

async function http1(port: number, text: string): Promise<string> {
  const client = new RawClient(port);
  client.send(text);
  return client.untilEnd();
}

function http2(context: TestContext, port: number): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => undefined);
  context.after(() => session.destroy());
  return session;
}

interface Answer {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly trailers: IncomingHttpHeaders;
  readonly endsWithHead: boolean;
}

async function ask(session: ClientHttp2Session, headers: object, body = ''): Promise<Answer> {
  const stream = session.request({ ':path': '/', ...headers }, { endStream: body === '' });
  if (body !== '') stream.end(body);
  let trailers: IncomingHttpHeaders = {};
  stream.on('trailers', (fields) => (trailers = fields));
  const [answer, flags] = (await once(stream, 'response')) as [IncomingHttpHeaders, number];
  let text = '';
  for await (const part of stream) text += (part as Buffer).toString();
  const endsWithHead = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
  return { headers: answer, body: text, trailers, endsWithHead };
}

test('an HTTP/1.1 client gets the framing that it understands', async (context) => {
  const { port } = await before(context, (stream, headers) => {
    const path = headers[':path']!;
    if (path === '/empty') return stream.respond({ ':status': 200 }, { endStream: true });
    if (path === '/204') return stream.respond({ ':status': 204 }, { endStream: true });
    stream.respond({ ':status': 201, ...(path === '/length' && { 'content-length': 4 }) });
    stream.end('body');
  });
  const shown = async (method: string, path: string) => {
    const text = await http1(port, `${method} ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`);
    const [head, body] = text.split('\r\n\r\n', 2) as [string, string];
    const framing = head.split('\r\n').filter((line) => /^(?:HTTP|content-length|transfer-encoding)/.test(line));
    return [...framing, body];
  };
  assert.deepEqual(await shown('GET', '/length'), ['HTTP/1.1 201 Created', 'content-length: 4', 'body']);
  assert.deepEqual(await shown('GET', '/chunks'), [
    'HTTP/1.1 201 Created',
    'transfer-encoding: chunked',
    '4\r\nbody\r\n0',
  ]);
  assert.deepEqual(await shown('GET', '/empty'), ['HTTP/1.1 200 OK', 'content-length: 0', '']);
  assert.deepEqual(await shown('GET', '/204'), ['HTTP/1.1 204 No Content', '']);
  assert.deepEqual(await shown('HEAD', '/length'), ['HTTP/1.1 201 Created', 'content-length: 4', '']);
});

test('fields of the connection stay behind, te: trailers and the body go on', async (context) => {
  const { port } = await before(context, (stream, headers) => {
    let body = '';
    stream.on('data', (part: Buffer) => (body += part.toString()));
    stream.on('end', () => {
      stream.respond({ ':status': 200 });
      const { ':authority': authority, ':path': path, ':method': method, te } = headers;
      const others = ['connection', 'keep-alive', 'host', 'transfer-encoding'].filter((name) => name in headers);
      stream.end(JSON.stringify({ authority, path, method, te, others, body }));
    });
  });
  const head =
    'POST /x HTTP/1.1\r\nhost: a.example\r\nconnection: close, te, keep-alive\r\nkeep-alive: 5\r\nte: trailers\r\n';
  const answer = await http1(port, `${head}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`);
  assert.deepEqual(JSON.parse(/\{.*\}/.exec(answer)![0]), {
    authority: 'a.example',
    path: '/x',
    method: 'POST',
    te: 'trailers',
    others: [],
    body: 'hello',
  });
});

test('trailers and a response that is only a head reach an HTTP/2 client as such', async (context) => {
  const { port } = await before(context, (stream, headers) => {
    if (headers[':path'] === '/only') {
      return stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '5' },
        { endStream: true },
      );
    }
    stream.respond({ ':status': 200 }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end('x');
  });
  const session = http2(context, port);
  const only = await ask(session, { ':path': '/only' });
  assert.deepEqual(
    [only.endsWithHead, only.headers['grpc-status'], only.headers['content-length']],
    [true, '5', undefined],
  );
  const whole = await ask(session, {});
  assert.deepEqual([whole.body, whole.trailers['grpc-status']], ['x', '0']);
});

test('a refused stream is tried again where the route says so', async (context) => {
  const route = { cluster: 'app', retry_policy: { retry_on: 'refused-stream', num_retries: 2 } };
  const { port } = await before(
    context,
    (stream, _headers, index) => {
      if (index === 0) return stream.close(constants.NGHTTP2_REFUSED_STREAM);
      stream.respond({ ':status': 200 });
      stream.end('again');
    },
    { routes: [{ match: { prefix: '/' }, route }] },
  );
  assert.equal((await ask(http2(context, port), {})).body, 'again');
});

test("a stream that the upstream resets is a 503 with Envoy's words", async (context) => {
  const { port } = await before(context, (stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
  const { headers, body } = await ask(http2(context, port), {});
  assert.equal(headers[':status'], 503);
  assert.equal(body, 'upstream connect error or disconnect/reset before headers. reset reason: remote reset');
});

test('a cluster that speaks as its client does', async (context) => {
  const firsts: string[] = [];
  const app = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (bytes) => {
      firsts.push(bytes.toString('latin1').slice(0, 3));
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    });
  });
  await once(app.listen(0, '127.0.0.1'), 'listening');
  context.after(() => app.close());
  const ports = [(app.address() as AddressInfo).port];
  const proxy = await startProxy({ ports, cluster: speaking('use_downstream_protocol_config') });
  context.after(() => proxy.close());
  await http1(proxy.port, 'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
  await ask(http2(context, proxy.port), {});
  assert.deepEqual(firsts, ['GET', 'PRI']);
});

test('a gRPC client is told what went wrong in its own words', async (context) => {
  const { port } = await before(context, () => undefined, {
    routes: [
      { match: { prefix: '/denied' }, direct_response: { status: 403, body: { inline_string: 'not 100% yours\n' } } },
      { match: { prefix: '/gone' }, route: { cluster: 'gone' } },
    ],
    moreClusters: [{ name: 'gone', type: 'STATIC', connect_timeout: '1s' }],
  });
  const session = http2(context, port);
  const told = async (path: string) => {
    const { headers, body, endsWithHead } = await ask(
      session,
      { ':path': path, ':method': 'POST', 'content-type': 'application/grpc+proto' },
      'x',
    );
    return [
      headers[':status'],
      headers['content-type'],
      headers['grpc-status'],
      headers['grpc-message'],
      body,
      endsWithHead,
    ];
  };
  assert.deepEqual(await told('/denied'), [200, 'application/grpc', '7', 'not 100%25 yours%0A', '', true]);
  assert.deepEqual(await told('/gone'), [200, 'application/grpc', '14', 'no healthy upstream', '', true]);
  assert.deepEqual(await told('/unknown'), [200, 'application/grpc', '12', undefined, '', true]);
});

const client = process.env['MELTEMI_GRPC_INTEROP_CLIENT'];
const server = process.env['MELTEMI_GRPC_INTEROP_SERVER'];
const withoutInterop = client && server ? false : 'MELTEMI_GRPC_INTEROP_CLIENT/SERVER name no programs';

describe('gRPC', { skip: withoutInterop }, () => {
  test('passes the interop cases through one proxy', async (context) => {
    const port = await freePort();
    const app = spawn(server!, [`--port=${port}`], { stdio: 'ignore' });
    context.after(() => app.kill('SIGKILL'));
    await listening(port);
    const proxy = await startProxy({
      ports: [port],
      cluster: speaking('explicit_http_config'),
      routes: [{ match: { prefix: '/' }, route: { cluster: 'app', timeout: '0s' } }],
    });
    context.after(() => proxy.close());
    const run = promisify(execFile);
    for (const name of GRPC_CASES) {
      await run(client!, ['--server_host=127.0.0.1', `--server_port=${proxy.port}`, `--test_case=${name}`], {
        timeout: 15_000,
      });
    }
  });
});

async function freePort(): Promise<number> {
  const socket = createTcpServer();
  await once(socket.listen(0, '127.0.0.1'), 'listening');
  const { port } = socket.address() as AddressInfo;
  socket.close();
  await once(socket, 'close');
  return port;
}

/** Dials until it is accepted, for at most 10 s. */
async function listening(port: number): Promise<void> {
  for (const end = Date.now() + 10_000; Date.now() < end;) {
    const socket = connectTcp(port, '127.0.0.1');
    const accepted = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (accepted) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`nobody listens on ${port}`);
}
