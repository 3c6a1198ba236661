// Holds clusters to who may be chosen: original destinations, sessions, subsets, budgets, names of servers.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { after, describe, it } from 'node:test';
import { type MessageInitShape, create } from '@bufbuild/protobuf';
import {
  Cluster_DiscoveryType as DiscoveryType,
  Cluster_LbPolicy as LbPolicy,
  ClusterSchema,
} from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import { ProxyProtocolConfig_Version as HeaderVersion } from '@meltemi/api/envoy/config/core/v3/proxy_protocol_pb';
import { RawBufferSchema } from '@meltemi/api/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb';
import { ProxyProtocolUpstreamTransportSchema } from '@meltemi/api/envoy/extensions/transport_sockets/proxy_protocol/v3/upstream_proxy_protocol_pb';
import { packAny } from '@meltemi/api';
import { HealthStatus } from '@meltemi/api/envoy/config/core/v3/health_check_pb';
import { ManualClock, msToDuration } from '@meltemi/base';
import { Recorder, request, staticCluster, testClusters, type TestEndpoint } from './test-clusters.ts';

const opened: { close(): unknown }[] = [];
after(() => {
  for (const each of opened) each.close();
});

function clusterOf(extra: MessageInitShape<typeof ClusterSchema>, endpoints: readonly TestEndpoint[] = []) {
  const clock = new ManualClock(1);
  const clusters = testClusters({ clock });
  opened.unshift(clusters.manager);
  const original = extra.clusterDiscoveryType?.value === DiscoveryType.ORIGINAL_DST;
  const message = original ? create(ClusterSchema, { name: 'a', ...extra }) : staticCluster('a', endpoints, extra);
  assert.deepEqual(clusters.manager.update(new Map([['a', message]]), [], '1'), []);
  const cluster = clusters.manager.get('a')!;
  const stat = (name: string) => clusters.stat('a', name);
  const pick = (context: Partial<Parameters<typeof cluster.pick>[0]>) =>
    cluster.pick({ hash: undefined, tried: [], ...context })?.text;
  return { clock, cluster, stat, pick, manager: clusters.manager };
}

const ORIGINAL_DST: MessageInitShape<typeof ClusterSchema> = {
  clusterDiscoveryType: { case: 'type', value: DiscoveryType.ORIGINAL_DST },
  lbPolicy: LbPolicy.CLUSTER_PROVIDED,
};

describe('a cluster of original destinations', () => {
  const destination = { host: '10.1.2.3', port: 80 };

  it('goes where the connection was going, and nowhere else', () => {
    const { pick, stat } = clusterOf(ORIGINAL_DST);
    assert.equal(pick({}), undefined);
    assert.equal(pick({ originalDestination: destination }), '10.1.2.3:80');
    assert.deepEqual([stat('membership_total'), stat('upstream_cx_none_healthy')], [1, 1]);
  });

  it('forgets hosts that nothing used since the last cleanup', () => {
    const { pick, stat, clock } = clusterOf({ ...ORIGINAL_DST, cleanupInterval: msToDuration(1000) });
    pick({ originalDestination: destination });
    clock.advance(1000);
    assert.equal(stat('membership_total'), 1);
    clock.advance(1000);
    assert.equal(stat('membership_total'), 0);
    assert.equal(pick({ originalDestination: destination }), '10.1.2.3:80');
  });

  it('takes a header and another port where that is configured', () => {
    const { pick, stat } = clusterOf({
      ...ORIGINAL_DST,
      lbConfig: { case: 'originalDstLbConfig', value: { useHttpHeader: true, upstreamPortOverride: 8080 } },
    });
    const header = (value: string) => ({
      originalDestination: destination,
      requestHeaders: { getAll: (name: string) => (name === 'x-envoy-original-dst-host' ? [value] : []) },
    });
    assert.equal(pick(header('10.9.9.9:1')), '10.9.9.9:8080');
    assert.equal(pick(header('nonsense')), '10.1.2.3:8080');
    assert.equal(stat('original_dst_host_invalid'), 1);
  });

  it('carries requests', async () => {
    const server = createServer((_message, response) => response.end('here'));
    opened.push(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const { cluster, manager } = clusterOf(ORIGINAL_DST);
    const context = { hash: undefined, tried: [], originalDestination: { host: '127.0.0.1', port } };
    const recorder = new Recorder();
    const exchange = cluster.open(cluster.pick(context)!, recorder)!;
    exchange.sendHead(request());
    exchange.end();
    assert.equal(await recorder.over(), 'end');
    assert.equal(recorder.text, 'here');
    manager.close();
  });
});

describe('a session', () => {
  const endpoints = [
    { port: 1 },
    { port: 2, health: HealthStatus.DRAINING },
    { port: 3, health: HealthStatus.UNHEALTHY },
  ];

  it('keeps to its host while its health is one that is allowed', () => {
    const common = { overrideHostStatus: { statuses: [HealthStatus.UNKNOWN, HealthStatus.DRAINING] } };
    const { pick } = clusterOf({ commonLbConfig: common }, endpoints);
    assert.equal(pick({ overrideHost: '127.0.0.1:2' }), '127.0.0.1:2');
    assert.equal(pick({ overrideHost: '127.0.0.1:3' }), '127.0.0.1:1');
    assert.equal(pick({ overrideHost: '127.0.0.1:3', overrideStrict: true }), undefined);
  });

  it('leaves a draining host by default', () => {
    const { pick } = clusterOf({}, endpoints);
    assert.equal(pick({ overrideHost: '127.0.0.1:1' }), '127.0.0.1:1');
    assert.equal(pick({ overrideHost: '127.0.0.1:2' }), '127.0.0.1:1');
  });
});

it('a retry budget allows a share of the requests on their way, and always some', () => {
  const { cluster, stat } = clusterOf({
    circuitBreakers: {
      thresholds: [{ retryBudget: { budgetPercent: { value: 25 }, minRetryConcurrency: 2 }, trackRemaining: true }],
    },
  });
  assert.deepEqual(
    [cluster.acquireRetry(), cluster.acquireRetry(), cluster.acquireRetry(), stat('upstream_rq_retry_overflow')],
    [true, true, false, 1],
  );
  assert.deepEqual(
    [stat('circuit_breakers.default.remaining_retries'), stat('circuit_breakers.default.remaining_rq')],
    [0, 1024],
  );
});

it('a host has no more connections than its own limit allows', async () => {
  const server = createServer(() => {});
  opened.push({
    close() {
      server.closeAllConnections();
      server.close();
    },
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const { cluster, stat } = clusterOf({ circuitBreakers: { perHostThresholds: [{ maxConnections: 1 }] } }, [{ port }]);
  for (let count = 0; count < 3; count++) {
    const recorder = new Recorder();
    const exchange = cluster.open(cluster.pick({ hash: undefined, tried: [] })!, recorder)!;
    exchange.sendHead(request());
    exchange.end();
    if (count === 0) await recorder.next('connected');
  }
  assert.deepEqual([stat('upstream_cx_total'), stat('upstream_rq_pending_active')], [1, 2]);
});

it('PROXY protocol tells the upstream of each client, on connections of their own', async () => {
  const heads: string[] = [];
  const server = createTcpServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      const text = bytes.toString('latin1');
      if (text.startsWith('PROXY')) heads.push(text.slice(0, text.indexOf('\r\n')));
      if (text.includes('\r\n\r\n')) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    });
  });
  opened.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const raw = { case: 'typedConfig' as const, value: packAny(RawBufferSchema, create(RawBufferSchema)) };
  const outer = create(ProxyProtocolUpstreamTransportSchema, {
    config: { version: HeaderVersion.V1 },
    transportSocket: { name: 'raw', configType: raw },
  });
  const value = packAny(ProxyProtocolUpstreamTransportSchema, outer);
  const transportSocket = { name: 'proxy', configType: { case: 'typedConfig' as const, value } };
  const { cluster, stat, manager } = clusterOf({ transportSocket }, [{ port }]);
  const askFor = async (host: string) => {
    const destination = { host: '10.0.0.9', port: 80 };
    const recorder = Object.assign(new Recorder(), { clientEnds: { source: { host, port: 5 }, destination } });
    const exchange = cluster.open(cluster.pick({ hash: undefined, tried: [] })!, recorder)!;
    exchange.sendHead(request());
    exchange.end();
    assert.equal(await recorder.over(), 'end');
  };
  for (const host of ['10.0.0.1', '10.0.0.2', '10.0.0.1']) await askFor(host);
  assert.deepEqual(heads, ['PROXY TCP4 10.0.0.1 10.0.0.9 5 80', 'PROXY TCP4 10.0.0.2 10.0.0.9 5 80']);
  assert.deepEqual([stat('upstream_cx_total'), stat('upstream_rq_total')], [2, 3]);
  manager.close();
});

it('opens connections ahead where that is asked for', async () => {
  const server = createServer(() => {});
  opened.push({
    close() {
      server.closeAllConnections();
      server.close();
    },
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const { cluster, stat } = clusterOf({ preconnectPolicy: { perUpstreamPreconnectRatio: 1.5 } }, [{ port }]);
  const counts: (number | undefined)[] = [];
  for (let count = 0; count < 3; count++) {
    const exchange = cluster.open(cluster.pick({ hash: undefined, tried: [] })!, new Recorder())!;
    exchange.sendHead(request());
    exchange.end();
    counts.push(stat('upstream_cx_total'));
  }
  assert.deepEqual(counts, [2, 3, 5]);
});
