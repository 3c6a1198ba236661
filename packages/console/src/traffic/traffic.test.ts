// What counters say becomes rates, shares and quantiles of flows.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Histogram, HISTOGRAM_BOUNDS, parsePrometheus } from '@meltemi/telemetry';
import fc from 'fast-check';
import { quantileOf } from './amount.ts';
import { countSamples } from './count-samples.ts';
import { flowOf, isRolledUp } from './flow.ts';
import { CounterIncreases } from './increases.ts';
import { HISTORY_MS, passed, TrafficStore } from './traffic-store.ts';

const LABELS =
  'source_workload="a",source_workload_namespace="x",destination_workload="b",destination_workload_namespace="y",' +
  'destination_service="b.y.svc.cluster.local",destination_service_name="b",destination_service_namespace="y",request_protocol="http"';
const counted = (reporter: string, code: string, value: number, policy = 'unknown') =>
  `istio_requests_total{reporter="${reporter}",${LABELS},response_code="${code}",connection_security_policy="${policy}"} ${value}`;

test('of counters only what came since the last look counts, through restarts too', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.nat(50), { minLength: 1 })), (lives) => {
      const increases = new CounterIncreases();
      let risen = 0;
      increases.begin('p');
      for (const life of lives) {
        let value = 0;
        // A program that has started again counts from zero; one that counts on from there alike can't be told apart.
        const steps = [0, ...life];
        for (const step of steps) {
          value += step;
          for (const sample of increases.since('p', [{ name: 'm', labels: { a: '1' }, value }])) risen += sample.value;
        }
      }
      assert.equal(
        risen,
        lives.flat().reduce((sum, step) => sum + step, 0),
      );
    }),
  );
});

test('of the first look at a program nothing counts, unless it has just begun', () => {
  const samples = parsePrometheus('m 7');
  const increases = new CounterIncreases();
  assert.deepEqual(increases.since('old', samples), []);
  increases.begin('new');
  assert.deepEqual(increases.since('new', samples), [{ name: 'm', labels: {}, value: 7 }]);
  increases.keep(new Set(['old']));
  assert.deepEqual(increases.since('new', samples), []);
});

test('quantiles are those of the histogram itself, within a bucket', () => {
  const duration = fc.double({ min: 0, max: 4_000_000, noNaN: true });
  fc.assert(
    fc.property(fc.array(duration, { minLength: 1 }), fc.double({ min: 0.01, max: 1, noNaN: true }), (values, part) => {
      const histogram = new Histogram();
      for (const value of values) histogram.record(value);
      let below = 0;
      const buckets = new Map<number, number>();
      for (const [index, held] of histogram.buckets.entries()) {
        below += held;
        if (below > 0) buckets.set(HISTOGRAM_BOUNDS[index] ?? Infinity, below);
      }
      const [own, wanted] = [quantileOf(buckets, part)!, histogram.quantile(part)];
      const bucketOf = (value: number) => HISTOGRAM_BOUNDS.filter((bound) => value > bound).length;
      assert.ok(own >= 0 && Math.abs(bucketOf(own) - bucketOf(wanted)) <= 1, `${own} is far from ${wanted}`);
    }),
  );
  assert.equal(quantileOf(new Map(), 0.5), null);
});

test('both sides of a request are one flow; its client is believed, and its server about encryption', () => {
  const flows = countSamples(
    parsePrometheus(
      [
        counted('source', '200', 9),
        counted('source', '503', 1),
        counted('destination', '200', 9, 'mutual_tls'),
        `istio_request_duration_milliseconds_bucket{reporter="source",${LABELS},le="+Inf"} 10`,
      ].join('\n'),
    ),
  );
  assert.deepEqual(
    flows.map(({ flow, reporter }) => [flow.id, reporter]),
    [
      ['x/a > y/b http', 'source'],
      ['x/a > y/b http', 'destination'],
    ],
  );
  const store = new TrafficStore();
  store.add({ time: 1000, seconds: 1 }, flows);
  const seen = store.seenSince(flows[0]!.flow, 0);
  assert.deepEqual([passed(seen).requests, passed(seen).errors, seen.destination.mutual], [10, 1, 9]);
  assert.deepEqual(passed(seen).buckets, new Map([[Infinity, 10]]));
});

test('what is older than the history is forgotten, and with it the flow', () => {
  const store = new TrafficStore();
  store.add({ time: 0, seconds: 1 }, countSamples(parsePrometheus(counted('source', '200', 1))));
  store.add({ time: HISTORY_MS - 1, seconds: 1 }, []);
  assert.equal(store.flows.length, 1);
  store.add({ time: HISTORY_MS, seconds: 1 }, []);
  assert.deepEqual([store.flows.length, store.stretches.length, store.secondsSince(0)], [0, 2, 2]);
});

test('what was rolled up is no flow', () => {
  const labels = {
    reporter: 'source',
    source_workload: 'other',
    destination_workload: 'other',
    destination_service_name: 'other',
  };
  assert.deepEqual([flowOf(labels), isRolledUp(labels)], [undefined, true]);
  assert.equal(flowOf({}), undefined);
});
