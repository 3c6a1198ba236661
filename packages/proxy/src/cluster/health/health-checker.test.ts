// Holds active health checks to Envoy's transitions, against real servers.
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { ClusterSchema } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import { HealthCheckSchema } from '@meltemi/api/envoy/config/core/v3/health_check_pb';
import { ManualClock, msToDuration } from '@meltemi/base';
import { staticCluster, testClusters } from '../test-clusters.ts';

type Check = MessageInitShape<typeof HealthCheckSchema>;
const opened: { close(): unknown }[] = [];
after(() => {
  for (const each of opened) each.close();
});

/** Answers checks as it is told, and tells of each. */
class Checked extends EventEmitter {
  status = 200;
  headers: Record<string, string> = {};
  body = '';
  silent = false;
  readonly requests: IncomingMessage[] = [];
  port = 0;

  async start(): Promise<this> {
    const server = createServer((message: IncomingMessage, response: ServerResponse) => {
      this.requests.push(message);
      if (!this.silent) response.writeHead(this.status, this.headers).end(this.body);
    });
    opened.push({
      close() {
        server.closeAllConnections();
        server.close();
      },
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    this.port = (server.address() as AddressInfo).port;
    return this;
  }
}

function checkOf(check: Check) {
  return create(HealthCheckSchema, {
    timeout: msToDuration(1000),
    interval: msToDuration(5000),
    noTrafficInterval: msToDuration(5000),
    unhealthyThreshold: 2,
    healthyThreshold: 2,
    ...check,
  } as Check);
}

function clusterWith(port: number, check: Check, extra: MessageInitShape<typeof ClusterSchema> = {}) {
  const clock = new ManualClock(1);
  const clusters = testClusters({ clock });
  opened.unshift(clusters.manager);
  const message = staticCluster('a', [{ port }], { healthChecks: [checkOf(check)], ...extra });
  assert.deepEqual(clusters.manager.update(new Map([['a', message]]), [], '1'), []);
  const stat = (name: string) => clusters.stat('a', name) ?? 0;
  /** Moves the clock on to the next check, and waits for its result. */
  const next = async (byMs = 5000): Promise<void> => {
    const results = () => stat('health_check.success') + stat('health_check.failure');
    const before = results();
    clock.advance(byMs);
    while (results() === before) await new Promise((resolve) => setImmediate(resolve));
  };
  const health = () => {
    const [host] = clusters.manager.snapshot()[0]!.hosts;
    return host!.checks.failed ? 'unhealthy' : host!.checks.degraded ? 'degraded' : 'healthy';
  };
  return { ...clusters, clock, stat, next, health };
}

const http = (value: object): Check => ({
  healthChecker: { case: 'httpHealthCheck', value: { path: '/ok', ...value } },
});
const tcp = (value: object): Check => ({ healthChecker: { case: 'tcpHealthCheck', value } });
const grpc = (value: object): Check => ({ healthChecker: { case: 'grpcHealthCheck', value } });
const text = (value: string) => ({ payload: { case: 'text' as const, value: Buffer.from(value).toString('hex') } });

describe('HTTP health checks', () => {
  it('hold a new cluster back until the first result, which counts at once', async () => {
    const server = await new Checked().start();
    const { manager, next, health, stat } = clusterWith(server.port, http({}));
    assert.equal(manager.get('a'), undefined);
    await next(0);
    assert.ok(manager.get('a'));
    assert.deepEqual([health(), stat('membership_healthy'), stat('health_check.healthy')], ['healthy', 1, 1]);
    const { method, url, headers } = server.requests[0]!;
    assert.deepEqual([method, url, headers.host, headers['user-agent']], ['GET', '/ok', 'a', 'Envoy/HC']);
  });

  it('believe an answer that says no at once, and take several to come back', async () => {
    const server = await new Checked().start();
    const { next, health, stat } = clusterWith(server.port, http({}));
    await next(0);
    server.status = 503;
    await next();
    assert.deepEqual(
      [health(), stat('health_check.failure'), stat('health_check.network_failure')],
      ['unhealthy', 1, 0],
    );
    server.status = 200;
    await next();
    assert.equal(health(), 'unhealthy');
    await next();
    assert.deepEqual([health(), stat('health_check.success')], ['healthy', 3]);
  });

  it('take several retriable statuses, or lost answers, to fail', async () => {
    const server = await new Checked().start();
    const { next, health, stat, clock } = clusterWith(
      server.port,
      http({ retriableStatuses: [{ start: 503n, end: 504n }] }),
    );
    await next(0);
    server.status = 503;
    await next();
    assert.equal(health(), 'healthy');
    server.silent = true;
    clock.advance(5000);
    while (server.requests.length < 3) await new Promise((resolve) => setImmediate(resolve));
    await next(1000);
    assert.deepEqual([health(), stat('health_check.network_failure')], ['unhealthy', 1]);
  });

  it('ask as they are told, and judge status, service and body', async () => {
    const server = await new Checked().start();
    server.status = 207;
    server.headers = { 'x-envoy-upstream-healthchecked-cluster': 'reviews-v1', 'x-envoy-degraded': '' };
    server.body = 'all is well';
    const { next, health, stat } = clusterWith(
      server.port,
      http({
        host: 'check.test',
        method: 4,
        send: text('hello'),
        receive: [text('all'), text('well')],
        expectedStatuses: [{ start: 200n, end: 300n }],
        requestHeadersToAdd: [{ header: { key: 'x-check', value: 'yes' } }],
        requestHeadersToRemove: ['user-agent'],
        serviceNameMatcher: { matchPattern: { case: 'prefix', value: 'reviews' } },
      }),
    );
    await next(0);
    const { method, headers } = server.requests[0]!;
    assert.deepEqual(
      [method, headers.host, headers['x-check'], headers['user-agent'], health(), stat('health_check.verify_cluster')],
      ['PUT', 'check.test', 'yes', undefined, 'degraded', 1],
    );
    server.body = 'well, all';
    await next();
    assert.equal(health(), 'unhealthy');
  });

  it('say what they found in the event log', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'health-log-'));
    const path = join(directory, 'events');
    const server = await new Checked().start();
    const { next } = clusterWith(server.port, { ...http({}), eventLogPath: path });
    await next(0);
    server.status = 500;
    await next();
    const lines = readFileSync(path, 'utf8').trim().split('\n');
    const events = lines.map((line) => Object.keys(JSON.parse(line)).at(-1));
    assert.deepEqual(events, ['add_healthy_event', 'eject_unhealthy_event']);
    rmSync(directory, { recursive: true });
  });

  it('keep a healthy host that discovery took away, until it fails', async () => {
    const server = await new Checked().start();
    const { manager, next, stat } = clusterWith(server.port, http({}));
    await next(0);
    const healthChecks = [checkOf(http({}))];
    manager.update(new Map([['a', staticCluster('a', [], { healthChecks })]]), [], '2');
    assert.deepEqual([stat('membership_total'), manager.snapshot()[0]!.hosts[0]!.checks.leaving], [1, true]);
    server.status = 500;
    await next();
    assert.equal(stat('membership_total'), 0);
  });
});

it('TCP health checks want a connection, or an answer to what they send', async () => {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => socket.write(`you said ${bytes.toString()}`));
  });
  opened.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const plain = clusterWith(port, tcp({}));
  await plain.next(0);
  assert.equal(plain.health(), 'healthy');
  const talking = clusterWith(port, tcp({ send: text('ping'), receive: [text('said'), text('ping')] }));
  await talking.next(0);
  await talking.next();
  assert.deepEqual([talking.health(), talking.stat('health_check.success')], ['healthy', 2]);
  talking.manager.close();
  plain.manager.close();
  server.close();
  await once(server, 'close');
  const refused = clusterWith(port, tcp({}));
  await refused.next(0);
  assert.deepEqual([refused.health(), refused.stat('health_check.network_failure')], ['unhealthy', 1]);
});

it('gRPC health checks ask for a service', async () => {
  const asked: string[] = [];
  let serving = 1;
  const server = createHttp2Server();
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      asked.push(
        `${String(headers[':path'])} ${String(headers['content-type'])} ${Buffer.concat(chunks).toString('hex')}`,
      );
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(Buffer.from([0, 0, 0, 0, 2, 8, serving]));
    });
  });
  opened.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { next, health, manager } = clusterWith((server.address() as AddressInfo).port, grpc({ serviceName: 'abc' }));
  await next(0);
  assert.deepEqual(
    [health(), asked],
    ['healthy', ['/grpc.health.v1.Health/Check application/grpc 00000000050a03616263']],
  );
  serving = 2;
  await next();
  assert.equal(health(), 'unhealthy');
  manager.close();
});
