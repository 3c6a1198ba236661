import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ManualClock, silentLogger } from '@meltemi/base';
import { StatsStore } from '@meltemi/telemetry';
import { datagrams, feedStatsd } from './statsd-feed.ts';

test('counters go out by what they grew, gauges as they are, over UDP', async (t) => {
  const server = createSocket('udp4');
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  const clock = new ManualClock();
  const stats = new StatsStore();
  const scope = stats.scope('cluster', { cluster_name: 'outbound|80||a' });
  const requests = scope.counter('upstream_rq_total');
  scope.gauge('upstream_rq_active').set(3);
  scope.histogram('upstream_rq_time').record(5);
  const { port } = server.address();
  const feed = feedStatsd([{ kind: 'udp', address: { host: '127.0.0.1', port }, prefix: 'mesh' }], {
    clock,
    logger: silentLogger,
    clusters: { get: () => undefined, names: () => [], has: () => true, snapshot: () => [] },
    stats: async () => stats.list(),
    intervalMs: 1000,
  });
  t.after(() => {
    feed.close();
    server.close();
  });
  const next = async () => {
    const message = once(server, 'message');
    clock.advance(1000);
    return String(((await message) as [Buffer])[0]).split('\n');
  };
  requests.add(2);
  const gauge = 'mesh.cluster.outbound_80__a.upstream_rq_active:3|g';
  assert.deepEqual(await next(), [gauge, 'mesh.cluster.outbound_80__a.upstream_rq_total:2|c']);
  assert.deepEqual(await next(), [gauge]);
  requests.add(5);
  assert.deepEqual(await next(), [gauge, 'mesh.cluster.outbound_80__a.upstream_rq_total:5|c']);
});

test('datagrams hold every line once, in order, and fit into a frame', () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z]{1,200}$/)), (lines) => {
      const packed = datagrams(lines);
      assert.deepEqual(
        packed.flatMap((datagram) => datagram.split('\n')),
        lines,
      );
      assert.ok(packed.every((datagram) => Buffer.byteLength(datagram) <= 1432));
    }),
  );
});
