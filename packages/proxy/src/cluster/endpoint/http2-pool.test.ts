// Holds HTTP/2 to upstreams to its limits, and to saying how each stream ended.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  constants,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { after, describe, it } from 'node:test';
import { ManualClock } from '@meltemi/base';
import { CHUNKED, Headers } from '@meltemi/wire';
import type { ActiveCluster } from '../active-cluster.ts';
import { Recorder, request, send, staticCluster, testClusters, type TestOptions } from '../test-clusters.ts';

const closing: (() => void)[] = [];
after(() => {
  for (const close of closing) close();
});

type OnStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, index: number) => void;

/** A server of node:http2 and the sessions that were opened to it. */
async function http2Server(onStream: OnStream, settings: object = {}) {
  const sessions: ServerHttp2Session[] = [];
  const server: Http2Server = createServer({ settings });
  let index = 0;
  server.on('session', (session) => void sessions.push(session));
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => undefined);
    onStream(stream, headers, index++);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  closing.push(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, sessions };
}

type Extra = NonNullable<Parameters<typeof staticCluster>[2]>;

const HTTP2 = { http2ProtocolOptions: {} };

async function clusterFor(port: number, extra: Extra = {}, options: TestOptions = {}) {
  const clusters = testClusters(options);
  closing.push(() => clusters.manager.close());
  clusters.manager.addStatic([staticCluster('c', [{ port }], { ...HTTP2, ...extra } as Extra)]);
  await clusters.manager.warm();
  const active = clusters.manager.get('c')!;
  const leave = () => (active as ActiveCluster).retire();
  return { cluster: active, leave, stat: (name: string) => clusters.stat('c', name) };
}

/** Connections serve only so long, in nanoseconds. */
const withDuration = (nanos: number): Extra => ({ commonHttpProtocolOptions: { maxConnectionDuration: { nanos } } });

const ok: OnStream = (stream) => {
  stream.respond({ ':status': 200 });
  stream.end('ok');
};

describe('HTTP/2 pool', () => {
  it('sends many requests at a time on one connection', async () => {
    const server = await http2Server(ok);
    const { cluster, stat } = await clusterFor(server.port);
    const sent = Array.from({ length: 50 }, () => send(cluster));
    assert.deepEqual(await Promise.all(sent.map(({ recorder }) => recorder.over())), Array(50).fill('end'));
    assert.deepEqual([...new Set(sent.map(({ recorder }) => `${recorder.status} ${recorder.text}`))], ['200 ok']);
    assert.deepEqual(
      [
        server.sessions.length,
        stat('upstream_cx_http2_total'),
        stat('upstream_cx_http1_total'),
        stat('upstream_rq_active'),
      ],
      [1, 1, 0, 0],
    );
  });

  it('serves who waits by the connection that is dialled, although the host leaves or the time of connections is over meanwhile', async () => {
    const server = await http2Server(ok);
    const leaving = await clusterFor(server.port);
    const brief = await clusterFor(server.port, withDuration(1));
    for (const { cluster, leave } of [leaving, brief]) {
      const sent = Array.from({ length: 20 }, () => send(cluster));
      if (cluster === leaving.cluster) leave();
      assert.deepEqual(await Promise.all(sent.map(({ recorder }) => recorder.over())), Array(20).fill('end'));
      assert.ok(server.sessions.length <= 20, `${server.sessions.length} connections`);
    }
  });

  it('says the request as HTTP/2 does', async () => {
    const server = await http2Server((stream, headers) => {
      stream.respond({ ':status': 200 });
      stream.end(JSON.stringify(headers));
    });
    const { cluster } = await clusterFor(server.port);
    const headers = new Headers();
    for (const [name, value] of [
      ['host', 'a.test:80'],
      ['connection', 'keep-alive'],
      ['te', 'trailers'],
      ['x-forwarded-proto', 'https'],
    ] as const)
      headers.set(name, value);
    const recorder = new Recorder();
    const exchange = cluster.open(cluster.pick({ hash: undefined, tried: [] })!, recorder)!;
    exchange.sendHead(request({ method: 'POST', target: '/a?b', headers, bodyLength: 2 }));
    exchange.sendBody(Buffer.from('hi'));
    exchange.end();
    await recorder.over();
    assert.deepEqual(JSON.parse(recorder.text), {
      ':method': 'POST',
      ':scheme': 'https',
      ':authority': 'a.test:80',
      ':path': '/a?b',
      te: 'trailers',
      'x-forwarded-proto': 'https',
      'content-length': '2',
    });
    assert.equal(headers.get('host'), 'a.test:80', 'the request can be sent again');
  });

  it('opens further connections where the streams of one are used up', async () => {
    const held: ServerHttp2Stream[] = [];
    const server = await http2Server((stream) => void held.push(stream));
    const { cluster } = await clusterFor(server.port, { http2ProtocolOptions: { maxConcurrentStreams: 2 } });
    const sent = Array.from({ length: 5 }, () => send(cluster));
    while (held.length < 5) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(server.sessions.length, 3);
    for (const stream of held) ok(stream, {}, 0);
    for (const { recorder } of sent) assert.equal(await recorder.over(), 'end');
  });

  it('waits for a free stream where the peer allows few and no connection is left', async () => {
    let most = 0;
    let open = 0;
    const server = await http2Server(
      (stream) => {
        most = Math.max(most, ++open);
        setImmediate(() => {
          open--;
          ok(stream, {}, 0);
        });
      },
      { maxConcurrentStreams: 3 },
    );
    const breakers = { circuitBreakers: { thresholds: [{ maxConnections: 1 }] } };
    const { cluster, stat } = await clusterFor(server.port, breakers);
    await send(cluster).recorder.over();
    const sent = Array.from({ length: 12 }, () => send(cluster));
    for (const { recorder } of sent) assert.equal(await recorder.over(), 'end');
    assert.deepEqual([most <= 3, server.sessions.length, stat('upstream_rq_pending_active')], [true, 1, 0]);
  });

  it('refuses what is over the limit of requests', async () => {
    const server = await http2Server(() => undefined);
    const limited = { circuitBreakers: { thresholds: [{ maxRequests: 2 }] } };
    const { cluster, stat } = await clusterFor(server.port, limited);
    const [first, second] = [send(cluster), send(cluster)];
    await Promise.all([first.recorder.next('connected'), second.recorder.next('connected')]);
    assert.throws(() => send(cluster), { message: 'overflow' });
    assert.equal(stat('upstream_rq_pending_overflow'), 1);
    first.exchange.reset();
    assert.doesNotThrow(() => send(cluster));
  });

  it('leaves a connection that the peer drains, and its request ends well', async () => {
    const server = await http2Server((stream, _headers, index) => {
      if (index > 0) return ok(stream, {}, index);
      stream.respond({ ':status': 200 });
      stream.session!.goaway();
      setTimeout(() => stream.end('late'), 20);
    });
    const { cluster, stat } = await clusterFor(server.port);
    const first = send(cluster);
    await first.recorder.next('head');
    await new Promise((resolve) => setTimeout(resolve, 5));
    const second = send(cluster);
    assert.deepEqual([await second.recorder.over(), await first.recorder.over()], ['end', 'end']);
    assert.deepEqual([first.recorder.text, stat('upstream_cx_http2_total')], ['late', 2]);
  });

  it('tells how a stream ended: refused, reset, or lost with its connection', async () => {
    const server = await http2Server((stream, headers) => {
      if (headers[':path'] === '/refused') stream.close(constants.NGHTTP2_REFUSED_STREAM);
      else if (headers[':path'] === '/reset') stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      else stream.session!.socket.destroy();
    });
    const { cluster, stat } = await clusterFor(server.port);
    const ends: string[] = [];
    for (const target of ['/refused', '/reset', '/lost']) {
      const recorder = new Recorder();
      const exchange = cluster.open(cluster.pick({ hash: undefined, tried: [] })!, recorder)!;
      exchange.sendHead(request({ target }));
      exchange.end();
      ends.push((await recorder.over()).split(':')[0]!);
    }
    assert.deepEqual(ends, ['reset refused', 'reset reset', 'reset connection-termination']);
    assert.deepEqual([stat('upstream_rq_rx_reset'), stat('upstream_rq_active')], [1, 0]);
  });

  it('takes a peer that speaks no HTTP/2 for what it is', async () => {
    const server = createTcpServer((socket) =>
      socket.on('error', () => undefined).write('HTTP/1.1 400 Bad Request\r\n\r\n'),
    );
    await once(server.listen(0, '127.0.0.1'), 'listening');
    closing.push(() => server.close());
    const { cluster, stat } = await clusterFor((server.address() as AddressInfo).port);
    assert.match(await send(cluster).recorder.over(), /^reset protocol-error/);
    assert.equal(stat('upstream_cx_protocol_error'), 1);
  });

  it('gives up a connection that leaves PING unanswered', async () => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.resume();
      closing.push(() => void socket.destroy());
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    closing.push(() => void server.close());
    const connectionKeepalive = { interval: { nanos: 20_000_000 }, timeout: { nanos: 20_000_000 } };
    const { port } = server.address() as AddressInfo;
    const { cluster } = await clusterFor(port, { http2ProtocolOptions: { connectionKeepalive } });
    assert.equal(await send(cluster).recorder.over(), 'reset connection-termination: no answer to PING');
  });

  it('keeps a connection whose peer answers PING', async () => {
    const server = await http2Server((stream) => {
      let pings = 0;
      stream.session!.on('ping', () => {
        if (++pings !== 3) return;
        stream.respond({ ':status': 200 });
        stream.end('ok');
      });
    });
    const connectionKeepalive = { interval: { nanos: 5_000_000 }, timeout: { seconds: 5n } };
    const { cluster } = await clusterFor(server.port, { http2ProtocolOptions: { connectionKeepalive } });
    assert.equal(await send(cluster).recorder.over(), 'end');
  });

  it('carries trailers both ways, and a body as fast as the peer takes it', async () => {
    const size = 4 * 1024 * 1024;
    const server = await http2Server((stream) => {
      let received = 0;
      let said = '';
      stream.on('trailers', (trailers: Record<string, string>) => (said = trailers['x-sum']!));
      stream.on('data', (part: Buffer) => (received += part.length));
      stream.on('end', () => {
        stream.respond({ ':status': 200 }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'x-got': `${received} ${said}` }));
        stream.end('done');
      });
    });
    const { cluster } = await clusterFor(server.port);
    class Trailing extends Recorder {
      trailers: Headers | undefined;
      override onEnd(trailers?: Headers): void {
        this.trailers = trailers;
        super.onEnd();
      }
    }
    const recorder = new Trailing();
    const exchange = cluster.open(cluster.pick({ hash: undefined, tried: [] })!, recorder)!;
    exchange.sendHead(request({ method: 'POST', bodyLength: CHUNKED }));
    const chunk = Buffer.alloc(64 * 1024, 'x');
    let drains = 0;
    for (let sent = 0; sent < size; sent += chunk.length) {
      if (exchange.sendBody(chunk)) continue;
      const before = recorder.events.filter((event) => event === 'drain').length;
      drains++;
      while (recorder.events.filter((event) => event === 'drain').length === before)
        await new Promise((resolve) => setImmediate(resolve));
    }
    const trailers = new Headers();
    trailers.set('x-sum', 'all');
    exchange.end(trailers);
    assert.equal(await recorder.over(), 'end');
    assert.equal(recorder.trailers?.get('x-got'), `${size} all`);
    assert.ok(drains > 1, `waited ${drains} times`);
  });

  it('holds the peer back while reading is paused', async () => {
    const size = 8 * 1024 * 1024;
    let given = 0;
    const server = await http2Server((stream) => {
      stream.respond({ ':status': 200 });
      stream.resume();
      const part = Buffer.alloc(64 * 1024, 'y');
      const feed = () => {
        while (given < size) {
          given += part.length;
          if (!stream.write(part)) return void stream.once('drain', feed);
        }
        stream.end();
      };
      feed();
    });
    const { cluster } = await clusterFor(server.port);
    const { exchange, recorder } = send(cluster);
    await recorder.next('head');
    exchange.pauseReading();
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.ok(given < 2 * 1024 * 1024, `the peer could write ${given} bytes`);
    exchange.resumeReading();
    assert.equal(await recorder.over(), 'end');
    assert.equal(recorder.text.length, size);
  });

  it('closes a connection that is idle for too long, or has served enough', async () => {
    const server = await http2Server(ok);
    const clock = new ManualClock();
    const idle = { commonHttpProtocolOptions: { idleTimeout: { seconds: 5n } } };
    const { cluster, stat } = await clusterFor(server.port, idle, { clock });
    await send(cluster).recorder.over();
    clock.advance(4000);
    await send(cluster).recorder.over();
    clock.advance(4000);
    assert.equal(stat('upstream_cx_active'), 1);
    clock.advance(1500);
    assert.deepEqual([stat('upstream_cx_active'), stat('upstream_cx_idle_timeout')], [0, 1]);
    const limited = await clusterFor(server.port, { maxRequestsPerConnection: 2 });
    for (let count = 0; count < 5; count++) await send(limited.cluster).recorder.over();
    assert.deepEqual([limited.stat('upstream_cx_http2_total'), limited.stat('upstream_cx_max_requests')], [3, 2]);
  });
});
