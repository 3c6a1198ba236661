// Holds the connection pool to its limits, and to never trusting a connection that was left in doubt.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { after, describe, it } from 'node:test';
import { ManualClock } from '@meltemi/base';
import { CHUNKED, Headers } from '@meltemi/wire';
import { Recorder, request, send, staticCluster, testClusters, type TestOptions } from '../test-clusters.ts';

const servers: Server[] = [];
const managers: { close(): void }[] = [];
after(() => {
  for (const manager of managers) manager.close();
  for (const server of servers) server.close();
});

/** A server that hands each connection to the test, with the text of everything it sent. */
async function rawServer(onConnection: (peer: Peer, index: number) => void): Promise<number> {
  let index = 0;
  const server = createServer({ allowHalfOpen: true }, (socket) => onConnection(new Peer(socket), index++));
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

class Peer {
  readonly socket: Socket;
  received = '';
  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes) => (this.received += bytes.toString('latin1')));
    socket.on('error', () => {});
  }
  /** Calls back for each request without body. */
  onRequest(answer: (index: number) => void): void {
    let index = 0;
    let seen = 0;
    this.socket.on('data', () => {
      for (let end = this.received.indexOf('\r\n\r\n', seen); end >= 0; end = this.received.indexOf('\r\n\r\n', seen)) {
        seen = end + 4;
        answer(index++);
      }
    });
  }
}

async function clusterFor(port: number, extra: Parameters<typeof staticCluster>[2] = {}, options: TestOptions = {}) {
  const clusters = testClusters(options);
  managers.push(clusters.manager);
  clusters.manager.addStatic([staticCluster('c', [{ port }], extra)]);
  await clusters.manager.warm();
  return { ...clusters, cluster: clusters.manager.get('c')!, stat: (name: string) => clusters.stat('c', name) };
}

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

describe('connection pool', () => {
  it('serves one request after the other on one connection', async () => {
    const port = await rawServer((peer) => peer.onRequest(() => peer.socket.write(OK)));
    const { cluster, stat } = await clusterFor(port);
    for (let round = 0; round < 3; round++) {
      const { recorder, exchange } = send(cluster);
      assert.equal(await recorder.over(), 'end');
      assert.deepEqual([recorder.status, recorder.text, exchange.reused], [200, 'ok', round > 0]);
    }
    assert.deepEqual(
      [stat('upstream_cx_total'), stat('upstream_rq_total'), stat('upstream_rq_active'), stat('upstream_rq_2xx')],
      [1, 3, 0, 3],
    );
  });

  it('uses the connection that was used last', async () => {
    const peers: Peer[] = [];
    const port = await rawServer((peer) => void peers.push(peer));
    const { cluster, stat } = await clusterFor(port);
    const both = [send(cluster), send(cluster)];
    for (const { recorder } of both) await recorder.next('connected');
    for (const [index, { recorder }] of both.entries()) {
      peers[index]!.socket.write(OK);
      await recorder.over();
    }
    const before = peers[1]!.received.length;
    const { recorder } = send(cluster);
    peers[1]!.socket.write(OK);
    assert.equal(await recorder.over(), 'end');
    assert.deepEqual([peers[1]!.received.length > before, stat('upstream_cx_total')], [true, 2]);
  });

  it('opens the next exchange on the connection that just became free, from within onEnd', async () => {
    const port = await rawServer((peer) => peer.onRequest(() => peer.socket.write(OK)));
    const { cluster, stat } = await clusterFor(port);
    const second = new Recorder();
    class Chaining extends Recorder {
      override onEnd(): void {
        const exchange = cluster.open(cluster.pick({ hash: undefined, tried: [] })!, second)!;
        exchange.sendHead(request());
        exchange.end();
        super.onEnd();
      }
    }
    const first = new Chaining();
    const exchange = cluster.open(cluster.pick({ hash: undefined, tried: [] })!, first)!;
    exchange.sendHead(request());
    exchange.end();
    assert.deepEqual([await first.over(), await second.over()], ['end', 'end']);
    assert.equal(stat('upstream_cx_total'), 1);
  });

  it('says why no connection was made', async () => {
    const port = await rawServer(() => {});
    await new Promise((resolve) => servers.pop()!.close(resolve));
    const { cluster, stat } = await clusterFor(port);
    const { recorder } = send(cluster);
    assert.equal(await recorder.over(), 'reset connect-failure: delayed connect error: Connection refused');
    assert.deepEqual(
      [stat('upstream_cx_connect_fail'), stat('upstream_rq_pending_failure_eject'), stat('upstream_cx_active')],
      [1, 1, 0],
    );
  });

  it('gives up connecting after the timeout', async () => {
    // A plaintext listener that never answers the TLS handshake: the connection does not get ready.
    const clock = new ManualClock(1);
    const port = await rawServer(() => {});
    const { cluster, stat } = await clusterFor(port, { connectTimeout: { seconds: 2n } }, { clock });
    const { recorder } = send(cluster);
    clock.advance(2000);
    assert.equal(await recorder.over(), 'reset connect-timeout: connection timeout');
    assert.deepEqual([stat('upstream_cx_connect_timeout'), stat('upstream_cx_active')], [1, 0]);
  });

  it('refuses at once when the limit of waiting requests is reached, and counts it', async () => {
    const port = await rawServer((peer) => peer.onRequest(() => {}));
    const { cluster, stat } = await clusterFor(port, {
      circuitBreakers: { thresholds: [{ maxConnections: 1, maxPendingRequests: 1 }] },
    });
    send(cluster);
    const overflow = cluster.open(cluster.pick({ hash: undefined, tried: [] })!, new Recorder());
    assert.equal(overflow, undefined);
    assert.deepEqual([stat('upstream_rq_pending_overflow'), stat('circuit_breakers.default.rq_pending_open')], [1, 1]);
  });

  it('lets requests wait for a connection when max_connections are in use', async () => {
    const peers: Peer[] = [];
    const port = await rawServer((peer) => {
      peers.push(peer);
      peer.onRequest((index) => setImmediate(() => peer.socket.write(OK.replace('ok', `${index}!`))));
    });
    const { cluster, stat } = await clusterFor(port, { circuitBreakers: { thresholds: [{ maxConnections: 1 }] } });
    const sent = [send(cluster), send(cluster), send(cluster)];
    for (const { recorder } of sent) assert.equal(await recorder.over(), 'end');
    assert.deepEqual(
      sent.map(({ recorder }) => recorder.text),
      ['0!', '1!', '2!'],
    );
    assert.deepEqual([peers.length, stat('upstream_cx_total'), stat('upstream_rq_pending_active')], [1, 1, 0]);
  });

  it('refuses over max_requests', async () => {
    const port = await rawServer((peer) => peer.onRequest(() => {}));
    const { cluster } = await clusterFor(port, { circuitBreakers: { thresholds: [{ maxRequests: 1 }] } });
    const { recorder } = send(cluster);
    await recorder.next('connected');
    assert.equal(cluster.open(cluster.pick({ hash: undefined, tried: [] })!, new Recorder()), undefined);
  });

  it('holds retries to max_retries', async () => {
    const port = await rawServer(() => {});
    const { cluster, stat } = await clusterFor(port, { circuitBreakers: { thresholds: [{ maxRetries: 1 }] } });
    assert.deepEqual([cluster.acquireRetry(), cluster.acquireRetry()], [true, false]);
    cluster.releaseRetry();
    assert.equal(cluster.acquireRetry(), true);
    assert.equal(stat('upstream_rq_retry_overflow'), 1);
  });

  it('tells a connection that closed before any answer, and that it had served before', async () => {
    const port = await rawServer((peer) =>
      peer.onRequest((index) => (index === 0 ? peer.socket.write(OK) : peer.socket.destroy())),
    );
    const { cluster, stat } = await clusterFor(port);
    await send(cluster).recorder.over();
    const { recorder, exchange } = send(cluster);
    assert.match(await recorder.over(), /^reset connection-termination: /);
    assert.deepEqual([exchange.reused, recorder.events.includes('head 200')], [true, false]);
    assert.equal(stat('upstream_cx_destroy_remote_with_active_rq'), 1);
  });

  it('never ends a response cleanly that was cut short', async () => {
    const port = await rawServer((peer) =>
      peer.onRequest(() => peer.socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf')),
    );
    const { cluster } = await clusterFor(port);
    const { recorder } = send(cluster);
    assert.match(await recorder.over(), /^reset connection-termination: /);
    assert.equal(recorder.text, 'half');
  });

  it('reads a body that ends with the connection, and does not use the connection again', async () => {
    const port = await rawServer((peer) => peer.onRequest(() => peer.socket.end('HTTP/1.1 200 OK\r\n\r\nuntil close')));
    const { cluster, stat } = await clusterFor(port);
    const first = send(cluster);
    assert.equal(await first.recorder.over(), 'end');
    assert.equal(first.recorder.text, 'until close');
    await send(cluster).recorder.over();
    assert.equal(stat('upstream_cx_total'), 2);
  });

  it('closes a connection with bytes behind a response and never gives them to the next request', async () => {
    const port = await rawServer((peer, index) =>
      peer.onRequest(() =>
        peer.socket.write(index === 0 ? `${OK}HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil` : OK),
      ),
    );
    const { cluster, stat } = await clusterFor(port);
    const first = send(cluster);
    assert.equal(await first.recorder.over(), 'end');
    const second = send(cluster);
    assert.equal(await second.recorder.over(), 'end');
    assert.deepEqual([first.recorder.text, second.recorder.text, stat('upstream_cx_total')], ['ok', 'ok', 2]);
  });

  it('closes a connection on which bytes come that nobody asked for', async () => {
    let idle: Peer | undefined;
    const port = await rawServer((peer) => {
      idle ??= peer;
      peer.onRequest(() => peer.socket.write(OK));
    });
    const { cluster, stat } = await clusterFor(port);
    await send(cluster).recorder.over();
    idle!.socket.write('HTTP/1.1 408 Request Timeout\r\n\r\n');
    await once(idle!.socket, 'end');
    const { recorder } = send(cluster);
    assert.equal(await recorder.over(), 'end');
    assert.deepEqual([recorder.text, stat('upstream_cx_total'), stat('upstream_cx_protocol_error')], ['ok', 2, 1]);
  });

  it('does not reuse a connection whose response came before the request was sent whole', async () => {
    const port = await rawServer((peer) => peer.onRequest(() => peer.socket.write(OK)));
    const { cluster, stat } = await clusterFor(port);
    const recorder = new Recorder();
    const exchange = cluster.open(cluster.pick({ hash: undefined, tried: [] })!, recorder)!;
    exchange.sendHead(request({ method: 'POST', bodyLength: 10 }));
    assert.equal(await recorder.over(), 'end');
    assert.equal(exchange.sendBody(Buffer.from('0123456789')), true);
    exchange.end();
    await send(cluster).recorder.over();
    assert.equal(stat('upstream_cx_total'), 2);
  });

  it('does not reuse a connection that the server wants closed', async () => {
    const port = await rawServer((peer) =>
      peer.onRequest(() => peer.socket.write('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')),
    );
    const { cluster, stat } = await clusterFor(port);
    await send(cluster).recorder.over();
    await send(cluster).recorder.over();
    assert.equal(stat('upstream_cx_total'), 2);
  });

  it('holds a connection to max_requests_per_connection', async () => {
    const port = await rawServer((peer) => peer.onRequest(() => peer.socket.write(OK)));
    const { cluster, stat } = await clusterFor(port, { maxRequestsPerConnection: 2 });
    for (let round = 0; round < 4; round++) await send(cluster).recorder.over();
    assert.deepEqual([stat('upstream_cx_total'), stat('upstream_cx_max_requests')], [2, 2]);
  });

  it('closes connections that were idle for too long', async () => {
    const clock = new ManualClock(1);
    let closed: Promise<unknown> | undefined;
    const port = await rawServer((peer) => {
      closed = once(peer.socket, 'end');
      peer.onRequest(() => peer.socket.write(OK));
    });
    const { cluster, stat } = await clusterFor(
      port,
      { commonHttpProtocolOptions: { idleTimeout: { seconds: 60n } } },
      { clock },
    );
    await send(cluster).recorder.over();
    clock.advance(59_999);
    assert.equal(stat('upstream_cx_active'), 1);
    clock.advance(1);
    await closed;
    assert.deepEqual([stat('upstream_cx_active'), stat('upstream_cx_idle_timeout')], [0, 1]);
  });

  it('leaves no timer behind when its host or cluster goes, idle or with a request on its way', async () => {
    const clock = new ManualClock(1);
    const peers: Peer[] = [];
    const port = await rawServer((peer) => {
      peers.push(peer);
      if (peers.length === 1) peer.onRequest((index) => index === 0 && peer.socket.write(OK));
    });
    const { manager, cluster } = await clusterFor(port, {}, { clock });
    const before = clock.pending;
    await send(cluster).recorder.over();
    assert.equal(clock.pending, before + 1);
    const late = send(cluster).recorder;
    await late.next('connected');
    manager.close();
    peers[0]!.socket.write(OK);
    await late.over();
    assert.equal(clock.pending, 0);
  });

  it('sends chunks with trailers, and a length where it is known', async () => {
    const bodies: string[] = [];
    const server = createHttpServer((incoming, response) => {
      let body = '';
      incoming.setEncoding('latin1').on('data', (text) => (body += text));
      incoming.on('end', () => {
        bodies.push(
          `${incoming.headers['transfer-encoding'] ?? incoming.headers['content-length']} ${body} ${incoming.trailers['x-sum'] ?? ''}`,
        );
        response.end('thanks');
      });
    });
    servers.push(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const enabled = { httpProtocolOptions: { enableTrailers: true } };
    const { cluster } = await clusterFor((server.address() as AddressInfo).port, enabled);
    for (const bodyLength of [CHUNKED, 6]) {
      const recorder = new Recorder();
      const exchange = cluster.open(cluster.pick({ hash: undefined, tried: [] })!, recorder)!;
      exchange.sendHead(request({ method: 'POST', bodyLength }));
      exchange.sendBody(Buffer.from('abc'));
      exchange.sendBody(Buffer.from('def'));
      const trailers = new Headers();
      trailers.set('x-sum', '7');
      exchange.end(bodyLength === CHUNKED ? trailers : undefined);
      assert.equal(await recorder.over(), 'end');
      assert.equal(recorder.text, 'thanks');
    }
    assert.deepEqual(bodies, ['chunked abcdef 7', '6 abcdef ']);
    server.closeAllConnections();
  });

  it('fails a request whose body is not as long as announced, and closes the connection', async () => {
    const port = await rawServer((peer) => peer.onRequest(() => {}));
    const { cluster } = await clusterFor(port);
    for (const body of ['too long', 'x']) {
      const recorder = new Recorder();
      const exchange = cluster.open(cluster.pick({ hash: undefined, tried: [] })!, recorder)!;
      exchange.sendHead(request({ method: 'POST', bodyLength: 3 }));
      await recorder.next('connected');
      exchange.sendBody(Buffer.from(body));
      exchange.end();
      assert.match(await recorder.over(), /^reset protocol-error/);
    }
  });

  it('holds the sender back while the upstream does not read, and lets it go on', async () => {
    let peer: Peer | undefined;
    const port = await rawServer((connected) => {
      peer = connected;
      connected.socket.pause();
    });
    const { cluster } = await clusterFor(port);
    const size = 16 * 1024 * 1024;
    const recorder = new Recorder();
    const exchange = cluster.open(cluster.pick({ hash: undefined, tried: [] })!, recorder)!;
    exchange.sendHead(request({ method: 'POST', bodyLength: size }));
    await recorder.next('connected');
    let sent = 0;
    const chunk = Buffer.alloc(64 * 1024, 'x');
    while (sent < size) {
      recorder.events.length = 0;
      sent += chunk.length;
      if (exchange.sendBody(chunk)) continue;
      peer!.socket.resume();
      await recorder.next('drain');
    }
    exchange.end();
    while (peer!.received.length < size) await once(peer!.socket, 'data');
    peer!.socket.write(OK);
    assert.equal(await recorder.over(), 'end');
  });

  it('passes a tunnel both ways after 101 and never reuses its connection', async () => {
    const port = await rawServer((peer, index) => {
      if (index > 0) return peer.onRequest(() => peer.socket.write(OK));
      peer.onRequest(() => {
        peer.socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\nhello ');
        peer.socket.on('data', (bytes) => peer.socket.write(bytes));
        peer.socket.on('end', () => peer.socket.end());
      });
    });
    const { cluster, stat } = await clusterFor(port);
    const recorder = new Recorder();
    const exchange = cluster.open(cluster.pick({ hash: undefined, tried: [] })!, recorder)!;
    const upgrade = request({ upgrade: true });
    upgrade.headers.set('connection', 'upgrade');
    upgrade.headers.set('upgrade', 'echo');
    exchange.sendHead(upgrade);
    await recorder.next('head 101');
    exchange.sendBody(Buffer.from('tunnel'));
    while (recorder.text !== 'hello tunnel') await recorder.next('body').then(() => new Promise(setImmediate));
    exchange.end();
    assert.equal(await recorder.over(), 'end');
    assert.equal(stat('upstream_rq_active'), 0);
    await send(cluster).recorder.over();
    assert.equal(stat('upstream_cx_total'), 2);
  });

  it('does not reuse a connection whose upgrade was answered otherwise', async () => {
    const port = await rawServer((peer) => peer.onRequest(() => peer.socket.write(OK)));
    const { cluster, stat } = await clusterFor(port);
    const recorder = new Recorder();
    const exchange = cluster.open(cluster.pick({ hash: undefined, tried: [] })!, recorder)!;
    exchange.sendHead(request({ upgrade: true }));
    exchange.end();
    await recorder.over();
    await send(cluster).recorder.over();
    assert.equal(stat('upstream_cx_total'), 2);
  });

  it('frees a place in the queue when a waiting request gives up', async () => {
    const port = await rawServer((peer) => peer.onRequest(() => {}));
    const { cluster, stat } = await clusterFor(port, {
      circuitBreakers: { thresholds: [{ maxConnections: 1, maxPendingRequests: 1 }] },
    });
    const { exchange, recorder } = send(cluster);
    exchange.reset();
    assert.deepEqual([stat('upstream_rq_cancelled'), stat('upstream_rq_pending_active')], [1, 0]);
    const second = send(cluster);
    await second.recorder.next('connected');
    assert.deepEqual(recorder.events, []);
  });

  it('counts a timeout against the cluster, and closes the connection', async () => {
    const port = await rawServer((peer) => peer.onRequest(() => {}));
    const { cluster, stat } = await clusterFor(port);
    const { exchange, recorder } = send(cluster);
    await recorder.next('connected');
    exchange.reset('timeout');
    assert.deepEqual(
      [
        stat('upstream_rq_timeout'),
        stat('upstream_rq_tx_reset'),
        stat('upstream_cx_active'),
        stat('upstream_rq_active'),
      ],
      [1, 1, 0, 0],
    );
  });

  it('refuses a malformed response', async () => {
    const port = await rawServer((peer) =>
      peer.onRequest(() =>
        peer.socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\nok'),
      ),
    );
    const { cluster } = await clusterFor(port);
    assert.match(await send(cluster).recorder.over(), /^reset protocol-error: /);
  });
});
