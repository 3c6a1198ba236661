// Requests of virtual clusters are counted as Envoy counts them: answers, tries, retries, times that are over.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutEnvoy as skip } from './support/envoy.ts';
import { clusterOf, startPairedProxies } from './support/paired-proxies.ts';
import { startPlainUpstream } from './support/plain-upstream.ts';

const method = (exact: string) => ({ name: ':method', string_match: { exact } });

test('answers, tries and retries count for the virtual cluster', { skip, timeout: 60_000 }, async (context) => {
  const upstream = await startPlainUpstream(context, (target) =>
    target === '/slow' ? '' : `HTTP/1.1 ${target.slice(1)} X\r\ncontent-length: 0\r\n\r\n`,
  );
  const fickle = {
    cluster: 'upstream',
    retry_policy: { retry_on: '5xx', retry_back_off: { base_interval: '0.001s' } },
  };
  const pair = await startPairedProxies(context, {
    clusters: [
      clusterOf('upstream', upstream.port),
      clusterOf('nobody', 1),
      { ...clusterOf('empty', 1), load_assignment: { cluster_name: 'empty' } },
    ],
    listeners: [
      {
        filters: [],
        routes: [
          { match: { path: '/slow' }, route: { cluster: 'upstream', timeout: '0.2s' } },
          { match: { path: '/nobody' }, route: { cluster: 'nobody' } },
          { match: { path: '/empty' }, route: { cluster: 'empty' } },
          { match: { path: '/missing' }, route: { cluster: 'missing' } },
          { match: { path: '/direct' }, direct_response: { status: 200 } },
          { match: { path: '/503' }, route: fickle, stat_prefix: 'unwell' },
          { match: { prefix: '/20' }, route: fickle, stat_prefix: 'well' },
          { match: { prefix: '/' }, route: fickle },
        ],
        routeConfiguration: { validate_clusters: false },
        virtualHost: {
          virtual_clusters: [
            { name: 'reads', headers: [method('GET')] },
            { name: 'writes', headers: [method('PUT')] },
          ],
        },
      },
    ],
  });
  for (const each of ['GET', 'PUT', 'POST']) {
    for (const path of [
      '/200',
      '/204',
      '/301',
      '/404',
      '/500',
      '/503',
      '/slow',
      '/nobody',
      '/empty',
      '/missing',
      '/direct',
    ]) {
      await pair.same(0, { method: each, path });
    }
  }
  const stats = async (port: number) => {
    const text = await (await fetch(`http://127.0.0.1:${port}/stats?filter=^vhost&usedonly`)).text();
    return text
      .trim()
      .split('\n')
      .filter((line) => !line.includes('_time:'))
      .sort();
  };
  const own = await stats(pair.ours.admin);
  assert.deepEqual(own, await stats(pair.envoy.admin));
  assert.ok(own.includes('vhost.all.vcluster.other.upstream_rq_timeout: 1'), own.join('\n'));
  const metrics = await (await fetch(`http://127.0.0.1:${pair.ours.admin}/stats/prometheus?usedonly`)).text();
  assert.match(metrics, /envoy_vhost_vcluster_upstream_rq_time_count\{[^}]*envoy_virtual_host="all"/);
  assert.match(metrics, /envoy_vhost_vcluster_upstream_rq_xx\{[^}]*envoy_virtual_cluster="reads"/);
});
