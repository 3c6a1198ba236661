import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { statsJson } from './expose-json.ts';
import { prometheusText } from './expose-prometheus.ts';
import { statsText } from './expose-text.ts';
import { StatsStore } from './stats-store.ts';

describe('statsText', () => {
  it('lists numbers, then histograms, sorted', () => {
    const stats = new StatsStore();
    const scope = stats.scope('cluster', { cluster_name: 'a' });
    scope.histogram('upstream_rq_time').record(10);
    scope.histogram('empty');
    scope.gauge('membership_total').set(2);
    scope.counter('upstream_rq_total').add(3);
    assert.equal(
      statsText(stats.list()),
      'cluster.a.membership_total: 2\ncluster.a.upstream_rq_total: 3\ncluster.a.empty: No recorded values\n' +
        'cluster.a.upstream_rq_time: P0(nan,5) P25(nan,6.25) P50(nan,7.5) P75(nan,8.75) P90(nan,9.5) P95(nan,9.75) ' +
        'P99(nan,9.95) P99.5(nan,9.975) P99.9(nan,9.995) P100(nan,10)\n',
    );
  });
});

describe('statsJson', () => {
  it('has numbers one by one and histograms together', () => {
    const stats = new StatsStore();
    stats.scope('server').counter('c').add(4);
    assert.deepEqual(statsJson(stats.list()), { stats: [{ name: 'server.c', value: 4 }] });
  });
});

describe('prometheusText', () => {
  it('writes cumulative buckets, sum and count', () => {
    const stats = new StatsStore();
    const time = stats.scope('cluster', { cluster_name: 'a' }).histogram('upstream_rq_time');
    for (const value of [0.2, 3, 4, 5e6]) time.record(value);
    const lines = prometheusText(stats.list()).split('\n');
    assert.equal(lines[0], '# TYPE envoy_cluster_upstream_rq_time histogram');
    assert.equal(lines[1], 'envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="a",le="0.5"} 1');
    assert.equal(lines[3], 'envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="a",le="5"} 3');
    assert.deepEqual(lines.slice(-4), [
      'envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="a",le="+Inf"} 4',
      'envoy_cluster_upstream_rq_time_sum{envoy_cluster_name="a"} 5000007.2',
      'envoy_cluster_upstream_rq_time_count{envoy_cluster_name="a"} 4',
      '',
    ]);
  });

  it('parses back to the same values for any names', () => {
    const name = fc.string({ unit: 'binary', minLength: 1 });
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(name, fc.nat()), { selector: ([owner]) => owner }), (owners) => {
        const stats = new StatsStore();
        for (const [owner, value] of owners) stats.scope('cluster', { cluster_name: owner }).counter('rq').add(value);
        const parsed = parseSamples(prometheusText(stats.list()));
        assert.deepEqual(
          new Map(parsed.map((sample) => [sample.labels['envoy_cluster_name']!, sample.value])),
          new Map(owners),
        );
      }),
    );
  });
});

interface Sample {
  readonly name: string;
  readonly labels: Record<string, string>;
  readonly value: number;
}

/** A strict reader of the subset of the format that has no timestamps. */
function parseSamples(text: string): Sample[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !/^# TYPE [a-zA-Z_:][\w:]* (counter|gauge|histogram)$/.test(line))
    .map((line) => {
      const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/su.exec(line);
      assert.ok(match, line);
      const pairs = [...(match[2] ?? '').matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\[\\"n])*)"(?:,|$)/gsu)];
      const labels = Object.fromEntries(pairs.map(([, name, value]) => [name!, unescapeLabel(value!)]));
      return { name: match[1]!, labels, value: Number(match[3]) };
    });
}

function unescapeLabel(value: string): string {
  return value.replaceAll(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char));
}
