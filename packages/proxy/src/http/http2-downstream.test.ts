import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type Settings,
} from 'node:http2';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { testAuthority } from '../tls/test-certificates.ts';
import { type ProxySetup, RawClient, startProxy, startServer } from '../proxy-under-test.ts';

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/** An HTTP/2 client of a proxy before a node:http server, all gone when the test ends. */
async function between(context: TestContext, listener: Listener, setup: ProxySetup = {}): Promise<ClientHttp2Session> {
  const app = await startServer(listener);
  context.after(() => app.close());
  const under = await startProxy({ ports: [app.port], ...setup });
  context.after(() => under.close());
  const session = connect(`http://127.0.0.1:${under.port}`);
  context.after(() => session.destroy());
  session.on('error', () => undefined);
  return session;
}

interface Answer {
  readonly headers: IncomingHttpHeaders & { ':status'?: number };
  readonly body: string;
}

async function answerTo(stream: ClientHttp2Stream): Promise<Answer> {
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  let body = '';
  for await (const part of stream) body += (part as Buffer).toString('latin1');
  return { headers, body };
}

function ask(session: ClientHttp2Session, path: string, more: object = {}, body = ''): Promise<Answer> {
  const stream = session.request({ ':method': body === '' ? 'GET' : 'POST', ':path': path, ...more });
  if (body !== '') stream.end(body);
  return answerTo(stream);
}

test('HTTP/2 by prior knowledge reaches an HTTP/1.1 application, fields and body whole', async (context) => {
  const session = await between(
    context,
    (request, response) => {
      const { host, cookie, connection } = request.headers;
      const said = {
        method: request.method,
        url: request.url,
        host,
        cookie,
        connection,
        proto: request.headers['x-forwarded-proto'],
        protocol: request.headers['x-protocol'],
      };
      let body = '';
      request.on('data', (part: Buffer) => (body += part.toString()));
      request.on('end', () => response.end(JSON.stringify({ ...said, body })));
    },
    { virtualHost: { request_headers_to_add: [{ header: { key: 'x-protocol', value: '%PROTOCOL%' } }] } },
  );
  const { headers, body } = await ask(
    session,
    '/a?b=c',
    { ':authority': 'app.example:80', cookie: ['x=1', 'y=2'] },
    'hello',
  );
  assert.equal(headers[':status'], 200);
  assert.equal(headers['connection'], undefined);
  assert.equal(headers['transfer-encoding'], undefined);
  const { connection, ...said } = JSON.parse(body) as Record<string, string>;
  assert.notEqual(connection, 'close');
  assert.deepEqual(said, {
    method: 'POST',
    url: '/a?b=c',
    host: 'app.example:80',
    cookie: 'x=1; y=2',
    proto: 'http',
    body: 'hello',
    protocol: 'HTTP/2',
  });
});

test('many streams at a time are answered, each with its own', async (context) => {
  const session = await between(context, (request, response) => {
    setTimeout(() => response.end(request.url?.repeat(1000)), Number(request.url?.slice(1)) % 7);
  });
  const paths = Array.from({ length: 90 }, (_, i) => `/${i}`);
  const answers = await Promise.all(paths.map((path) => ask(session, path)));
  assert.deepEqual(
    answers.map(({ body }) => body),
    paths.map((path) => path.repeat(1000)),
  );
});

test('a large body goes through both ways while the client reads slowly', async (context) => {
  const session = await between(context, (request, response) => void request.pipe(response));
  const stream = session.request({ ':method': 'POST', ':path': '/' });
  stream.end(Buffer.alloc(8 * 1024 * 1024, 'z'));
  let received = 0;
  for await (const part of stream) {
    received += (part as Buffer).length;
    if (received % 13 === 0) await new Promise((resolve) => void setImmediate(resolve));
  }
  assert.equal(received, 8 * 1024 * 1024);
});

test('HEAD, 204 and answers of the proxy itself end with their heads', async (context) => {
  const session = await between(
    context,
    (request, response) => {
      if (request.url === '/none') response.writeHead(204);
      response.end(request.method === 'HEAD' || request.url === '/none' ? undefined : 'x');
    },
    {
      routes: [
        { match: { prefix: '/own' }, direct_response: { status: 418, body: { inline_string: 'mine' } } },
        { match: { prefix: '/' }, route: { cluster: 'app' } },
      ],
    },
  );
  const head = session.request({ ':method': 'HEAD', ':path': '/' });
  assert.deepEqual((await answerTo(head)).body, '');
  assert.equal((await ask(session, '/none')).headers[':status'], 204);
  const own = await ask(session, '/own');
  assert.deepEqual([own.headers[':status'], own.body], [418, 'mine']);
});

test('an upstream that breaks off resets the stream, and the connection serves on', async (context) => {
  const session = await between(context, (request, response) => {
    if (request.url === '/') return void response.end('ok');
    response.writeHead(200, { 'content-length': '10' });
    response.write('part');
    setImmediate(() => request.socket.destroy());
  });
  const stream = session.request({ ':path': '/broken' });
  await assert.rejects(answerTo(stream), { code: 'ERR_HTTP2_STREAM_ERROR' });
  assert.equal((await ask(session, '/')).body, 'ok');
});

test('a client that resets its stream ends the upstream request', async (context) => {
  const gone = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const session = await between(context, (request, response) => {
    if (request.url === '/') return void response.end('ok');
    begun.resolve();
    response.on('close', () => gone.resolve());
  });
  const stream = session.request({ ':path': '/slow' });
  stream.on('error', () => undefined);
  await begun.promise;
  stream.close(8);
  await gone.promise;
  assert.equal((await ask(session, '/')).body, 'ok');
});

test('a head over the limits is answered 431, CONNECT finds no route', async (context) => {
  const session = await between(context, (_request, response) => response.end('ok'));
  const many = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`x-${i}`, 'y']));
  assert.equal((await ask(session, '/', many)).headers[':status'], 431);
  const tunnel = session.request({ ':method': 'CONNECT', ':authority': 'a:443' });
  assert.equal((await answerTo(tunnel)).headers[':status'], 404);
  assert.equal((await ask(session, '/')).body, 'ok');
});

test('one listener serves HTTP/1.1 and HTTP/2, also when the first bytes come one by one', async (context) => {
  const app = await startServer((_request, response) => response.end('ok'));
  context.after(() => app.close());
  const under = await startProxy({ ports: [app.port] });
  context.after(() => under.close());
  const caller = new RawClient(under.port);
  context.after(() => caller.close());
  for (const byte of 'PUT / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n') {
    caller.send(byte);
    await new Promise((resolve) => void setImmediate(resolve));
  }
  assert.match(await caller.until((text) => text.endsWith('ok')), /^HTTP\/1\.1 200 OK/);
});

test('a listener that drains says so at once and lets streams end', async (context) => {
  const answer = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const app = await startServer((_request, response) => {
    begun.resolve();
    void answer.promise.then(() => response.end('late'));
  });
  context.after(() => app.close());
  const under = await startProxy({ ports: [app.port] });
  context.after(() => under.close());
  const session = connect(`http://127.0.0.1:${under.port}`);
  context.after(() => session.destroy());
  const asked = ask(session, '/');
  await begun.promise;
  const told = once(session, 'goaway');
  const drained = under.proxy.drain();
  await told;
  answer.resolve();
  assert.equal((await asked).body, 'late');
  await drained;
});

test('ALPN h2 chooses HTTP/2 on a listener with TLS', async (context) => {
  const authority = testAuthority();
  context.after(() => authority.close());
  const { certificate, key } = authority.issue('DNS:localhost');
  const app = await startServer((request, response) => response.end(request.headers['x-forwarded-proto']));
  context.after(() => app.close());
  const pair = { certificate_chain: { inline_string: certificate }, private_key: { inline_string: key } };
  const tls = {
    '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
    common_tls_context: { tls_certificates: [pair], alpn_protocols: ['h2', 'http/1.1'] },
  };
  const chain = { transport_socket: { name: 'tls', typed_config: tls } };
  const under = await startProxy({ ports: [app.port], chain });
  context.after(() => under.close());
  const session = connect(`https://localhost:${under.port}`, { ca: authority.root, host: '127.0.0.1' });
  context.after(() => session.destroy());
  assert.equal((await ask(session, '/')).body, 'https');
  assert.equal(session.alpnProtocol, 'h2');
});

test('the listener says how many streams a client may open', async (context) => {
  const session = await between(context, (_request, response) => response.end('ok'), {
    manager: { http2_protocol_options: { max_concurrent_streams: 7, initial_stream_window_size: 70000 } },
  });
  const [settings] = (await once(session, 'remoteSettings')) as [Settings];
  assert.deepEqual([settings.maxConcurrentStreams, settings.initialWindowSize], [7, 70000]);
});
