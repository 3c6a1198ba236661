import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { cluster, type ProxySetup, RawClient, startProxy, startServer } from '../proxy-under-test.ts';

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/** A proxy before a node:http server, both gone when the test ends. */
async function between(context: TestContext, listener: Listener, setup: ProxySetup = {}): Promise<number> {
  const app = await startServer(listener);
  context.after(() => app.close());
  const under = await startProxy({ ports: [app.port], ...setup });
  context.after(() => under.close());
  return under.port;
}

/** A proxy before a TCP server that does what HTTP servers should not. */
async function beforeRaw(
  context: TestContext,
  serve: (socket: Socket) => void,
  setup: ProxySetup = {},
): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const under = await startProxy({ ports: [(server.address() as AddressInfo).port], ...setup });
  context.after(() => under.close());
  return under.port;
}

function client(context: TestContext, port: number): RawClient {
  const made = new RawClient(port);
  context.after(() => made.close());
  return made;
}

const get = (path = '/', more = ''): string => `GET ${path} HTTP/1.1\r\nhost: a\r\n${more}\r\n`;
const statusOf = (text: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]);

test('keep-alive ends when the client asks for it', async (context) => {
  const port = await between(context, (_request, response) => response.end('ok'));
  const text = await ask(context, port, get('/', 'connection: close\r\n'));
  assert.match(text, /\r\nconnection: close\r\n/);
  assert.equal(text.endsWith('ok'), true);
});

test('Expect: 100-continue is answered by the proxy and not sent on', async (context) => {
  const port = await between(context, (request, response) => {
    request.resume().on('end', () => response.end(String(request.headers.expect)));
  });
  const caller = client(context, port);
  caller.send('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n');
  await caller.until((text) => text === 'HTTP/1.1 100 Continue\r\n\r\n');
  caller.send('hi');
  assert.match(await caller.until((text) => text.includes('undefined')), /HTTP\/1\.1 200 OK/);
});

test('a client that half-closed after its request still gets the answer', async (context) => {
  const port = await between(context, (request, response) => {
    request.socket.once('data', () => {});
    setImmediate(() => response.end('late'));
  });
  const caller = client(context, port);
  caller.socket.end(get());
  assert.match(await caller.untilEnd(), /late$/);
});

test('a client that goes away mid-request resets the upstream', async (context) => {
  const gone = Promise.withResolvers<string>();
  const port = await beforeRaw(context, (socket) => {
    socket.once('data', () => caller.close());
    socket.once('close', () => gone.resolve('closed'));
    socket.once('end', () => socket.end());
  });
  const caller = client(context, port);
  caller.send('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nbegin');
  assert.equal(await gone.promise, 'closed');
});

test('an upstream that closes before the response: 503 UC', async (context) => {
  const port = await beforeRaw(context, (socket) => socket.once('data', () => socket.destroy()));
  const text = await ask(context, port, get('/', 'connection: close\r\n'));
  assert.equal(statusOf(text), 503);
  assert.match(text, /reset reason: connection termination$/);
});

test('an upstream that closes mid-body: the client never sees a clean end', async (context) => {
  const head = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n';
  const port = await beforeRaw(context, (socket) => {
    socket.once('data', () => socket.write(head, () => setImmediate(() => socket.destroy())));
  });
  const text = await ask(context, port, get());
  assert.equal(text.includes('\r\n0\r\n\r\n'), false);
});

test('an answer before the end of the request ends the connection, and nothing of the body becomes a request', async (context) => {
  const seen: string[] = [];
  const port = await beforeRaw(context, (socket) => {
    socket.on('data', (data) => seen.push(data.toString('latin1')));
    socket.once('data', () => socket.write('HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n'));
  });
  const caller = client(context, port);
  caller.send('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\nstart');
  await caller.until((text) => text.includes('413'));
  caller.send(get('/smuggled'));
  assert.equal(statusOf(await caller.untilEnd()), 413);
  assert.equal(seen.join('').includes('smuggled'), false);
});

test('a retried 503 is followed by the answer of the next try, with the body sent again', async (context) => {
  let tries = 0;
  const port = await between(
    context,
    (request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        tries++;
        response.statusCode = tries < 3 ? 503 : 200;
        response.end(`${body} ${tries} ${String(request.headers['x-envoy-attempt-count'])}`);
      });
    },
    {
      virtualHost: { include_request_attempt_count: true },
      routes: [
        { match: { prefix: '/' }, route: { cluster: 'app', retry_policy: { retry_on: '5xx', num_retries: 3 } } },
      ],
    },
  );
  const answer = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: 'again' });
  assert.deepEqual([answer.status, await answer.text()], [200, 'again 3 3']);
});

test('retries end at their number, and the last answer goes to the client', async (context) => {
  let tries = 0;
  const port = await between(
    context,
    (_request, response) => {
      tries++;
      response.writeHead(503).end(`try ${tries}`);
    },
    {
      routes: [
        {
          match: { prefix: '/' },
          route: { cluster: 'app', retry_policy: { retry_on: 'gateway-error', num_retries: 2 } },
        },
      ],
    },
  );
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  assert.deepEqual([answer.status, await answer.text(), tries], [503, 'try 3', 3]);
});

test('without a policy, only a safe request on a reused connection is tried again', async (context) => {
  const served: string[] = [];
  const port = await beforeRaw(context, (socket) => {
    socket.on('data', (data) => {
      const line = data.toString('latin1').split('\r\n')[0]!;
      served.push(line);
      if (socket.bytesWritten > 0 && line.includes('second')) return void socket.destroy();
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    });
  });
  const caller = client(context, port);
  caller.send(get('/first'));
  await caller.until((text) => text.endsWith('ok'));
  caller.send(get('/second'));
  await caller.until((text) => text.split('HTTP/1.1 200').length === 3);
  assert.deepEqual(served, ['GET /first HTTP/1.1', 'GET /second HTTP/1.1', 'GET /second HTTP/1.1']);
  caller.send('POST /second HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n');
  await caller.until((text) => text.includes('503'));
  assert.equal(served.length, 4);
});

test('when a pooled connection was closed, the request goes on a new one, not on another of the pool', async (context) => {
  const held: (() => void)[] = [];
  const port = await beforeRaw(context, (socket) => {
    let served = 0;
    socket.on('data', () => {
      if (served++ > 0) return void socket.destroy();
      const answer = () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
      held.push(answer);
      if (held.length === 2) for (const send of held) send();
      if (held.length > 2) answer();
    });
  });
  // Two at a time make two connections, which the upstream closes as soon as they are used again.
  await Promise.all([fetch(`http://127.0.0.1:${port}/a`), fetch(`http://127.0.0.1:${port}/b`)]);
  const answer = await fetch(`http://127.0.0.1:${port}/c`);
  assert.deepEqual([answer.status, await answer.text()], [200, 'ok']);
});

test('an upstream that says nothing in time: 504', async (context) => {
  const port = await between(context, () => {}, {
    routes: [{ match: { prefix: '/' }, route: { cluster: 'app', timeout: '0.05s' } }],
  });
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  assert.deepEqual([answer.status, await answer.text()], [504, 'upstream request timeout']);
});

test('a try that takes too long is given up for another one', async (context) => {
  let tries = 0;
  const port = await between(context, (_request, response) => void (++tries > 1 && response.end('second')), {
    routes: [
      {
        match: { prefix: '/' },
        route: { cluster: 'app', retry_policy: { retry_on: '5xx', num_retries: 1, per_try_timeout: '0.05s' } },
      },
    ],
  });
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  assert.deepEqual([answer.status, await answer.text()], [200, 'second']);
});

test('faults: a delay before the request, an abort in place of it', async (context) => {
  const fault = (config: object) => ({
    'envoy.filters.http.fault': {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault',
      ...config,
    },
  });
  const always = { numerator: 100, denominator: 'HUNDRED' };
  const port = await between(context, (_request, response) => response.end('ok'), {
    filters: [
      {
        name: 'envoy.filters.http.fault',
        typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault' },
      },
    ],
    routes: [
      {
        match: { prefix: '/slow' },
        route: { cluster: 'app' },
        typed_per_filter_config: fault({ delay: { fixed_delay: '0.1s', percentage: always } }),
      },
      {
        match: { prefix: '/' },
        route: { cluster: 'app' },
        typed_per_filter_config: fault({ abort: { http_status: 418, percentage: always } }),
      },
    ],
  });
  const started = performance.now();
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/slow`)).text(), 'ok');
  assert.equal(performance.now() - started >= 99, true);
  const aborted = await fetch(`http://127.0.0.1:${port}/`);
  assert.deepEqual([aborted.status, await aborted.text()], [418, 'fault filter abort']);
});

test('redirects, direct answers and rewrites', async (context) => {
  const port = await between(context, (request, response) => response.end(`${request.url} ${request.headers.host}`), {
    routes: [
      { match: { path: '/old' }, redirect: { path_redirect: '/new' } },
      { match: { path: '/direct' }, direct_response: { status: 202, body: { inline_string: 'said' } } },
      {
        match: { prefix: '/api/' },
        route: { cluster: 'app', prefix_rewrite: '/v2/', host_rewrite_literal: 'backend' },
      },
    ],
  });
  const base = `http://127.0.0.1:${port}`;
  const redirect = await fetch(`${base}/old`, { redirect: 'manual' });
  assert.deepEqual([redirect.status, redirect.headers.get('location')], [301, `${base}/new`]);
  const direct = await fetch(`${base}/direct`);
  assert.deepEqual([direct.status, await direct.text()], [202, 'said']);
  assert.equal(await (await fetch(`${base}/api/x?y=1`)).text(), '/v2/x?y=1 backend');
  assert.equal((await fetch(`${base}/none`)).status, 404);
});

test('what two parsers could read as two requests is refused, and the upstream sees none', async (context) => {
  const seen: string[] = [];
  const port = await beforeRaw(context, (socket) => socket.on('data', (data) => seen.push(data.toString('latin1'))));
  const bad = [
    'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\nhost: a\r\n\r\n',
    'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ncontent-length: 4\r\n\r\nabcd',
    'GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n',
    'GET / HTTP/1.1\r\nhost: a\r\nx: a\nb\r\n\r\n',
    'GET / HTTP/1.1\r\nhost: a\r\nx : y\r\n\r\n',
    'GET /%00 HTTP/1.1\r\nhost: a\r\n\r\n',
  ];
  for (const text of bad) {
    const caller = client(context, port);
    caller.send(text);
    assert.equal(statusOf(await caller.until((read) => read.includes('\r\n\r\n'))), 400, JSON.stringify(text));
  }
  assert.deepEqual(seen, []);
});

test('an upgrade that is not allowed is refused; an allowed one becomes a tunnel', async (context) => {
  const echo = (socket: Socket): void => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
      socket.on('data', (data) => socket.write(data));
    });
  };
  const upgrade = get('/', 'connection: upgrade\r\nupgrade: websocket\r\n');
  const closed = await beforeRaw(context, echo);
  assert.equal(statusOf(await ask(context, closed, upgrade + get('/', 'connection: close\r\n'))), 403);
  const open = await beforeRaw(context, echo, { manager: { upgrade_configs: [{ upgrade_type: 'websocket' }] } });
  const caller = client(context, open);
  caller.send(upgrade);
  await caller.until((text) => text.includes('\r\n\r\n'));
  caller.send('ping \xff');
  assert.equal((await caller.until((text) => text.endsWith('\xff'))).endsWith('ping \xff'), true);
});

test('a mirror gets a copy, and its answer is thrown away', async (context) => {
  const copied = Promise.withResolvers<string>();
  const shadow = await startServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      response.writeHead(500).end('ignored');
      copied.resolve(`${request.headers.host} ${body}`);
    });
  });
  context.after(() => shadow.close());
  const port = await between(
    context,
    (request, response) => void request.resume().on('end', () => response.end('real')),
    {
      moreClusters: [cluster('shadow', [shadow.port])],
      routes: [
        {
          match: { prefix: '/' },
          route: { cluster: 'app', host_rewrite_literal: 'app', request_mirror_policies: [{ cluster: 'shadow' }] },
        },
      ],
    },
  );
  const answer = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: 'copy me' });
  assert.equal(await answer.text(), 'real');
  assert.equal(await copied.promise, 'app-shadow copy me');
});

test('a client that never reads does not make the proxy remember more and more', async (context) => {
  const port = await between(context, (_request, response) => response.end('x'.repeat(100_000)));
  const caller = client(context, port);
  caller.socket.pause();
  const before = process.memoryUsage().rss;
  for (let index = 0; index < 500; index++) caller.send(get(`/${index}`).repeat(10));
  const again = await fetch(`http://127.0.0.1:${port}/`);
  assert.equal((await again.text()).length, 100_000);
  assert.equal(process.memoryUsage().rss - before < 150 * 1024 * 1024, true);
});

test('draining answers with connection: close and ends when the last request is served', async (context) => {
  const app = await startServer((_request, response) => void held.push(response));
  const held: ServerResponse[] = [];
  context.after(() => app.close());
  const under = await startProxy({ ports: [app.port] });
  context.after(() => under.close());
  const arrived = once(app.server, 'request');
  const caller = client(context, under.port);
  caller.send(get());
  await arrived;
  const drained = under.proxy.drain();
  held[0]!.end('last');
  const text = await caller.untilEnd();
  caller.close();
  await drained;
  assert.match(text, /\r\nconnection: close\r\n[\s\S]*last$/);
  await assert.rejects(fetch(`http://127.0.0.1:${under.port}/`));
});

async function ask(context: TestContext, port: number, text: string): Promise<string> {
  const caller = client(context, port);
  caller.send(text);
  return caller.untilEnd();
}
