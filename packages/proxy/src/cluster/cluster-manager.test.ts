// Holds the clusters of a proxy to their life: static, CDS, EDS and DNS, warming, updates, removal.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { after, describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import {
  type Cluster as ClusterMessage,
  Cluster_DiscoveryType as DiscoveryType,
  Cluster_LbPolicy as LbPolicy,
  ClusterSchema,
} from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import { packAny } from '@meltemi/api';
import { HttpProtocolOptionsSchema } from '@meltemi/api/envoy/extensions/upstreams/http/v3/http_protocol_options_pb';
import { ManualClock } from '@meltemi/base';
import type { Cluster } from './cluster.ts';
import type { ClusterLoadAssignment } from '@meltemi/api/envoy/config/endpoint/v3/endpoint_pb';
import { assignment, ScriptedEds, send, staticCluster, testClusters, type TestOptions } from './test-clusters.ts';
import { InitialFetchClient } from '../xds/initial-fetch.ts';

const servers: Server[] = [];
const managers: { close(): void }[] = [];
after(() => {
  for (const manager of managers) manager.close();
  for (const server of servers) server.close();
});

/** Answers every request with `text`; counts its connections. */
async function echoServer(text: string, status = 200, at = { host: '127.0.0.1', port: 0 }) {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.on('data', () => socket.write(`HTTP/1.1 ${status} X\r\ncontent-length: ${text.length}\r\n\r\n${text}`));
  });
  servers.push(server);
  await once(server.listen(at.port, at.host), 'listening');
  return { port: (server.address() as AddressInfo).port, sockets };
}

function manage(options: TestOptions = {}) {
  const clusters = testClusters(options);
  managers.push(clusters.manager);
  const update = (...messages: readonly ClusterMessage[]) =>
    clusters.manager.update(new Map(messages.map((message) => [message.name, message])), [], '1');
  return { ...clusters, update };
}

function edsCluster(name: string, extra: Partial<ClusterMessage> = {}): ClusterMessage {
  return create(ClusterSchema, {
    name,
    clusterDiscoveryType: { case: 'type', value: DiscoveryType.EDS },
    edsClusterConfig: {
      serviceName: `${name}-service`,
      edsConfig: { configSourceSpecifier: { case: 'ads', value: {} } },
    },
    ...extra,
  } as Parameters<typeof create<typeof ClusterSchema>>[1]);
}

function refusedAssignment(): ClusterLoadAssignment {
  const bad = assignment('a', [{ port: 1 }]);
  bad.endpoints[0]!.lbEndpoints[0]!.hostIdentifier = { case: 'endpointName', value: 'x' };
  return bad;
}

async function answer(cluster: Cluster | undefined): Promise<string> {
  const { recorder } = send(cluster!);
  await recorder.over();
  return recorder.text;
}

const anyHost = { hash: undefined, tried: [] };
const OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const HTTP3 = create(HttpProtocolOptionsSchema, {
  upstreamProtocolOptions: {
    case: 'explicitHttpConfig',
    value: { protocolConfig: { case: 'http3ProtocolOptions', value: {} } },
  },
});

describe('cluster manager', () => {
  it('serves a static cluster at once', async () => {
    const server = await echoServer('a');
    const { manager } = manage();
    manager.addStatic([staticCluster('a', [{ port: server.port }])]);
    assert.equal(await answer(manager.get('a')), 'a');
    assert.deepEqual([...manager.names()], ['a']);
  });

  it('refuses by name what it cannot honour, and applies the others', () => {
    const { manager, update } = manage();
    const refused = update(
      staticCluster('good', [{ port: 1 }]),
      staticCluster('dst', [], { clusterDiscoveryType: { case: 'type', value: DiscoveryType.ORIGINAL_DST } }),
      staticCluster('h3', [{ port: 1 }], {
        typedExtensionProtocolOptions: { [OPTIONS]: packAny(HttpProtocolOptionsSchema, HTTP3) },
      }),
      staticCluster('maglev', [], {
        lbPolicy: LbPolicy.MAGLEV,
        lbConfig: { case: 'maglevLbConfig', value: { tableSize: 100n } },
      }),
      staticCluster('raw', [], { transportSocket: { name: 'envoy.transport_sockets.quic' } }),
    );
    assert.deepEqual(refused, [
      { name: 'dst', message: 'an ORIGINAL_DST cluster has lb_policy CLUSTER_PROVIDED' },
      { name: 'h3', message: 'HTTP/3 is not supported' },
      { name: 'maglev', message: 'Maglev table size 100 is not a prime up to 5000011' },
      { name: 'raw', message: 'transport socket envoy.transport_sockets.quic is not supported' },
    ]);
    assert.deepEqual([...manager.names()], ['good']);
  });

  it('keeps the last good version of a cluster whose update is refused', async () => {
    const server = await echoServer('still here');
    const { manager, update } = manage();
    update(staticCluster('a', [{ port: server.port }]));
    assert.equal(update(staticCluster('a', [], { healthChecks: [{}] })).length, 1);
    assert.equal(await answer(manager.get('a')), 'still here');
  });

  it('leaves the static clusters of the bootstrap alone', async () => {
    const server = await echoServer('static');
    const { manager, update } = manage();
    manager.addStatic([staticCluster('a', [{ port: server.port }])]);
    update(staticCluster('a', [{ port: 1 }]));
    manager.update(new Map(), ['a'], '2');
    assert.equal(await answer(manager.get('a')), 'static');
  });

  it('names the static cluster that it cannot honour', () => {
    const { manager } = manage();
    const bad = staticCluster('a', [], { clusterDiscoveryType: { case: 'type', value: DiscoveryType.ORIGINAL_DST } });
    assert.throws(() => manager.addStatic([bad]), {
      message: 'cluster a: an ORIGINAL_DST cluster has lb_policy CLUSTER_PROVIDED',
    });
  });

  it('warms an EDS cluster until its endpoints come', async () => {
    const server = await echoServer('eds');
    const eds = new ScriptedEds();
    const { manager, update, stats } = manage({ eds });
    update(edsCluster('a'));
    assert.equal(manager.get('a'), undefined);
    const gauge = (name: string) => stats.list().find((stat) => stat.name.text === `cluster_manager.${name}`)?.cell;
    assert.equal((gauge('warming_clusters') as { value: number }).value, 1);
    const warm = manager.warm();
    eds.send('a-service', assignment('a-service', [{ port: server.port }]));
    await warm;
    assert.equal(await answer(manager.get('a')), 'eds');
    assert.deepEqual(
      manager.snapshot().map((cluster) => [cluster.name, cluster.state, cluster.hosts.length]),
      [['a', 'active', 1]],
    );
  });

  it('waits for endpoints as long as their source says', async () => {
    const clock = new ManualClock(1);
    const client = new InitialFetchClient(new ScriptedEds().client, 20_000, clock, () => {});
    const { manager, update } = manage({ clock, eds: { client } });
    update(edsCluster('a'));
    const warm = manager.warm();
    clock.advance(19_999);
    assert.equal(manager.get('a'), undefined);
    clock.advance(1);
    await warm;
    assert.equal(manager.get('a')!.pick(anyHost), undefined);
  });

  it('waits for ever where the source says so, but not for better endpoints than it refused', async () => {
    const clock = new ManualClock(1);
    const eds = new ScriptedEds();
    const { manager, update } = manage({ clock, eds });
    update(edsCluster('a'));
    clock.advance(3_600_000);
    assert.equal(manager.get('a'), undefined);
    assert.equal(eds.send('a-service', refusedAssignment())[0]?.name, 'a-service');
    assert.equal(manager.get('a')!.pick(anyHost), undefined);
  });

  it('keeps the connections of hosts that stay in an EDS update, and retires the others', async () => {
    const [kept, gone, added] = [await echoServer('kept'), await echoServer('gone'), await echoServer('added')];
    const eds = new ScriptedEds();
    const { manager, update, stat } = manage({ eds });
    update(edsCluster('a'));
    eds.send('a-service', assignment('a', [{ port: kept.port }, { port: gone.port }]));
    const cluster = manager.get('a')!;
    const texts = [await answer(cluster), await answer(cluster)].sort();
    assert.deepEqual(texts, ['gone', 'kept']);
    const ended = once(gone.sockets[0]!, 'end');
    eds.send('a-service', assignment('a', [{ port: kept.port }, { port: added.port }]));
    await ended;
    assert.deepEqual([await answer(cluster), await answer(cluster)].sort(), ['added', 'kept']);
    assert.deepEqual([kept.sockets.length, stat('a', 'membership_total'), stat('a', 'upstream_cx_active')], [1, 2, 2]);
    assert.equal(manager.get('a'), cluster);
  });

  it('lets a request on a removed host end', async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => void sockets.push(socket.resume()));
    servers.push(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const eds = new ScriptedEds();
    const { manager, update, stat } = manage({ eds });
    update(edsCluster('a'));
    eds.send('a-service', assignment('a', [{ port: (server.address() as AddressInfo).port }]));
    const { recorder } = send(manager.get('a')!);
    await recorder.next('connected');
    if (sockets.length === 0) await once(server, 'connection');
    eds.send('a-service', assignment('a', []));
    assert.equal(manager.get('a')!.pick(anyHost), undefined);
    sockets[0]!.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    assert.equal(await recorder.over(), 'end');
    assert.equal(stat('a', 'upstream_cx_active'), 0);
  });

  it('refuses an assignment that cannot be used and keeps the last good one', async () => {
    const server = await echoServer('good');
    const eds = new ScriptedEds();
    const { manager, update, stat } = manage({ eds });
    update(edsCluster('a'));
    eds.send('a-service', assignment('a', [{ port: server.port }]));
    assert.equal(eds.send('a-service', refusedAssignment())[0]?.name, 'a-service');
    assert.equal(await answer(manager.get('a')), 'good');
    assert.equal(stat('a', 'update_failure'), 1);
  });

  it('keeps hosts and connections when CDS changes other fields of a cluster', async () => {
    const server = await echoServer('same');
    const eds = new ScriptedEds();
    const { manager, update, stat } = manage({ eds });
    update(edsCluster('a'));
    eds.send('a-service', assignment('a', [{ port: server.port }]));
    const cluster = manager.get('a')!;
    await answer(cluster);
    update(edsCluster('a', { connectTimeout: { seconds: 3n, nanos: 0 } as never, lbPolicy: LbPolicy.RANDOM }));
    assert.deepEqual([manager.get('a') === cluster, cluster.connectTimeoutMs], [true, 3000]);
    await answer(cluster);
    assert.deepEqual([server.sockets.length, eds.watchers.get('a-service')!.length], [1, 1]);
    assert.equal(stat('a', 'upstream_rq_total'), 2);
  });

  it('serves the old version while a new one warms', async () => {
    const [before, now] = [await echoServer('before'), await echoServer('now')];
    const eds = new ScriptedEds();
    const { manager, update } = manage({ eds });
    update(staticCluster('a', [{ port: before.port }]));
    update(edsCluster('a'));
    assert.equal(await answer(manager.get('a')), 'before');
    eds.send('a-service', assignment('a', [{ port: now.port }]));
    assert.equal(await answer(manager.get('a')), 'now');
  });

  it('forgets a removed cluster, its stats and its subscription', async () => {
    const server = await echoServer('a');
    const eds = new ScriptedEds();
    const { manager, update, stat } = manage({ eds });
    update(edsCluster('a'));
    eds.send('a-service', assignment('a', [{ port: server.port }]));
    await answer(manager.get('a'));
    const ended = once(server.sockets[0]!, 'end');
    manager.update(new Map(), ['a'], '2');
    await ended;
    assert.deepEqual(
      [manager.get('a'), stat('a', 'upstream_rq_total'), eds.watchers.get('a-service')!.length],
      [undefined, undefined, 0],
    );
  });

  it('takes a failing host out and lets it back in', async () => {
    const clock = new ManualClock(1);
    const [good, bad] = [await echoServer('good'), await echoServer('bad', 500)];
    const { manager, update, stat } = manage({ clock });
    const outlierDetection = {
      consecutive5xx: 2,
      maxEjectionPercent: 50,
      baseEjectionTime: { seconds: 30n },
      interval: { seconds: 10n },
    };
    update(staticCluster('a', [{ port: good.port }, { port: bad.port }], { outlierDetection }));
    const cluster = manager.get('a')!;
    for (let round = 0; round < 4; round++) await answer(cluster);
    assert.deepEqual([stat('a', 'membership_healthy'), stat('a', 'outlier_detection.ejections_active')], [1, 1]);
    for (let round = 0; round < 4; round++) assert.equal(await answer(cluster), 'good');
    clock.advance(30_000);
    assert.equal(stat('a', 'membership_healthy'), 2);
  });

  it('prefers hosts that were not tried', () => {
    const { manager, update } = manage();
    update(staticCluster('a', [{ port: 1 }, { port: 2 }], { lbPolicy: LbPolicy.RANDOM }));
    const cluster = manager.get('a')!;
    const first = cluster.pick(anyHost)!;
    const tried = Array.from({ length: 100 }, () => cluster.pick({ hash: undefined, tried: [first] }));
    assert.ok(tried.filter((host) => host === first).length < 10);
    const both = [first, tried.find((host) => host !== first)!];
    assert.notEqual(cluster.pick({ hash: undefined, tried: both }), undefined);
  });

  it('sends everything to the second priority while the first is unhealthy', () => {
    const { manager, update } = manage();
    const unhealthy = 2;
    update(
      staticCluster('a', [
        { port: 1, health: unhealthy },
        { port: 2, priority: 1 },
      ]),
    );
    const picked = Array.from({ length: 20 }, () => manager.get('a')!.pick(anyHost)!.address.port);
    assert.deepEqual(new Set(picked), new Set([2]));
  });

  it('resolves names, follows their changes and keeps the last good answer', async () => {
    const clock = new ManualClock(1);
    const asked: string[] = [];
    let reply: readonly string[] | Error = ['10.0.0.2', '10.0.0.1'];
    const answered = () => new Promise((resolve) => setImmediate(resolve));
    const resolve = (name: string) => {
      asked.push(name);
      return reply instanceof Error ? Promise.reject(reply) : Promise.resolve(reply);
    };
    const { manager, update, stat } = manage({ clock, resolve });
    const dns = (value: DiscoveryType) =>
      staticCluster('a', [{ host: 'a.test', port: 80 }], {
        clusterDiscoveryType: { case: 'type', value },
        dnsRefreshRate: { seconds: 5n },
      });
    update(dns(DiscoveryType.STRICT_DNS));
    assert.equal(manager.get('a'), undefined);
    await manager.warm();
    const hosts = () => manager.snapshot()[0]!.hosts.map((host) => `${host.address} ${host.hostname}`);
    assert.deepEqual(hosts(), ['10.0.0.1:80 a.test', '10.0.0.2:80 a.test']);
    reply = ['10.0.0.3'];
    clock.advance(5000);
    await answered();
    assert.deepEqual(hosts(), ['10.0.0.3:80 a.test']);
    reply = new Error('SERVFAIL');
    clock.advance(5000);
    await answered();
    assert.deepEqual([hosts(), stat('a', 'update_failure'), asked.length], [['10.0.0.3:80 a.test'], 1, 3]);
    reply = ['10.0.0.5', '10.0.0.4'];
    update(dns(DiscoveryType.LOGICAL_DNS));
    await manager.warm();
    assert.deepEqual(hosts(), ['10.0.0.5:80 a.test']);
  });

  it('keeps the connections of a logical name when its address changes, and makes new ones to the new address', async () => {
    const clock = new ManualClock(1);
    const before = await echoServer('before');
    const after = await echoServer('after', 200, { host: '127.0.0.2', port: before.port });
    let reply = ['127.0.0.1', '127.0.0.2'];
    const { manager, update } = manage({ clock, resolve: () => Promise.resolve(reply) });
    update(
      staticCluster('a', [{ host: 'a.test', port: before.port }], {
        clusterDiscoveryType: { case: 'type', value: DiscoveryType.LOGICAL_DNS },
      }),
    );
    await manager.warm();
    const answer = async (each = send(manager.get('a')!)) => {
      await each.recorder.over();
      return each.recorder.text;
    };
    assert.equal(await answer(), 'before');
    reply = ['127.0.0.2'];
    clock.advance(5000);
    await new Promise((resolve) => setImmediate(resolve));
    const shown = manager.snapshot()[0]!.hosts.map((host) => `${host.address} ${host.connectionsActive}`);
    assert.deepEqual(shown, [`127.0.0.2:${before.port} 1`]);
    const both = [send(manager.get('a')!), send(manager.get('a')!)];
    assert.deepEqual(await Promise.all(both.map(answer)), ['before', 'after']);
    assert.deepEqual([before.sockets.length, after.sockets.length], [1, 1]);
  });

  it('refuses LOGICAL_DNS with more than one endpoint', () => {
    const { update } = manage();
    const logical = { clusterDiscoveryType: { case: 'type', value: DiscoveryType.LOGICAL_DNS } } as const;
    const refused = update(
      staticCluster(
        'a',
        [
          { host: 'a.test', port: 1 },
          { host: 'b.test', port: 1 },
        ],
        logical,
      ),
    );
    assert.deepEqual(refused, [{ name: 'a', message: 'LOGICAL_DNS needs exactly one endpoint' }]);
  });

  it('starts with what it has when CDS does not answer', async () => {
    const clock = new ManualClock(1);
    const { manager } = manage({ clock });
    const silent = { watchAll: () => ({ close() {} }) } as never;
    const started = manager.start(new InitialFetchClient(silent, 15_000, clock, () => {}));
    clock.advance(15_000);
    await started;
  });
});
