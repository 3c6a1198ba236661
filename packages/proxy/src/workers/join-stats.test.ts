import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statRecords, StatsStore } from '@meltemi/telemetry';
import fc from 'fast-check';
import { joinWorkerStats } from './join-stats.ts';

const NAMES = ['a', 'b', 'c'];
const entry = fc.record({
  worker: fc.nat(2),
  kind: fc.constantFrom('counter' as const, 'gauge' as const, 'histogram' as const),
  name: fc.constantFrom(...NAMES),
  value: fc.nat(100_000),
});

test('what several workers count is what one would have counted', () => {
  fc.assert(
    fc.property(fc.array(entry), (entries) => {
      const workers = [new StatsStore(), new StatsStore(), new StatsStore()];
      const alone = new StatsStore();
      for (const { worker, kind, name, value } of entries) {
        for (const store of [workers[worker]!, alone]) {
          const scope = store.scope('http', { http_conn_manager_prefix: 'x' });
          if (kind === 'histogram') scope.histogram(`${name}_ms`).record(value);
          else scope[kind](`${name}_${kind}`).add(value);
        }
      }
      const [own, ...others] = workers.map((store) => store.list());
      const joined = joinWorkerStats(own!, structuredClone(others.map(statRecords)));
      const used = (stats: ReturnType<StatsStore['list']>) => statRecords(stats);
      assert.deepEqual(used(joined), used(alone.list()));
    }),
  );
});

test('facts of the process are not summed', () => {
  const workers = [new StatsStore(), new StatsStore()] as const;
  for (const store of workers) {
    store.scope('server').gauge('concurrency').set(2);
    store.scope('listener_manager').counter('listener_added').add(3);
    const cluster = store.scope('cluster', { cluster_name: 'outbound|80||a.b' });
    cluster.gauge('membership_total').set(4);
    cluster.counter('update_success').add(5);
    cluster.gauge('circuit_breakers.default.cx_open').set(1);
    cluster.gauge('upstream_cx_active').set(6);
  }
  const joined = joinWorkerStats(workers[0].list(), [statRecords(workers[1].list())]);
  assert.deepEqual(
    Object.fromEntries(joined.map((stat) => [stat.name.text, stat.kind === 'histogram' || stat.cell.value])),
    {
      'server.concurrency': 2,
      'listener_manager.listener_added': 3,
      'cluster.outbound|80||a.b.membership_total': 4,
      'cluster.outbound|80||a.b.update_success': 5,
      'cluster.outbound|80||a.b.circuit_breakers.default.cx_open': 1,
      'cluster.outbound|80||a.b.upstream_cx_active': 12,
    },
  );
});

test('joining changes nothing of what one worker counts for itself', () => {
  const [own, other] = [new StatsStore(), new StatsStore()];
  for (const store of [own, other]) {
    store.scope('http').counter('rq').add(1);
    store.scope('http').histogram('ms').record(10);
  }
  const once = joinWorkerStats(own.list(), [statRecords(other.list())]);
  const twice = joinWorkerStats(own.list(), [statRecords(other.list())]);
  assert.deepEqual(statRecords(once), statRecords(twice));
});
