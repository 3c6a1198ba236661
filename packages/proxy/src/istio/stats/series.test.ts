// Series of Istio's metrics are counted within their budget.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Counter, StatsStore } from '@meltemi/telemetry';
import fc from 'fast-check';
import { SeriesCells, SeriesTable } from './series.ts';
import { SeriesBudget } from './series-budget.ts';

/** A table of counters in a store of its own. */
function counters(limit: number) {
  const stats = new StatsStore();
  const budget = new SeriesBudget(stats, limit);
  const cells = new SeriesCells(stats);
  const table = () => new SeriesTable((labels) => cells.counter('requests_total', labels), budget);
  const requests = () => stats.list().filter(({ name }) => name.metric === 'istio_requests_total');
  const told = (name: string) => {
    const cell = stats.list().find(({ name: { text } }) => text === `istio_stats.${name}`)!.cell;
    return (cell as Counter).value;
  };
  return { cells, table, requests, told };
}

const labelsOf = (host: number, code: number) => ({
  reporter: 'source',
  destination_service: `h${host}`,
  response_code: `${code}`,
});

test('a client that invents hosts does not make metrics without end, and nothing is left uncounted', () => {
  const host = fc.tuple(fc.nat(12), fc.constantFrom(200, 503));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(host, { maxLength: 40 }), (limit, asked) => {
      const { cells, table, requests, told } = counters(limit);
      const [one, other] = [table(), table()];
      for (const [index, [host, code]] of asked.entries()) {
        const used = index % 2 === 0 ? one : other;
        used.get(`${host} ${code}`, () => labelsOf(host, code)).increment();
      }
      const counted = requests().map(({ name, cell }) => [name.labels, (cell as Counter).value] as const);
      assert.equal(
        counted.reduce((sum, [, value]) => sum + value, 0),
        asked.length,
      );
      for (const code of [200, 503]) {
        const own = counted.filter(([labels]) => labels['response_code'] === `${code}`);
        assert.equal(
          own.reduce((sum, [, value]) => sum + value, 0),
          asked.filter(([, wanted]) => wanted === code).length,
        );
      }
      const others = counted.filter(([labels]) => labels['destination_service'] === 'other');
      assert.ok(counted.length - others.length <= limit && others.length <= 2);
      assert.equal(
        told('rolled_up_total'),
        others.reduce((sum, [, value]) => sum + value, 0),
      );
      assert.ok(told('label_sets') <= limit && told('label_sets_limit') === limit);
      for (const used of [one, other]) used.close();
      cells.close();
      assert.deepEqual([requests(), told('label_sets')], [[], 0]);
    }),
  );
});

test('a server that invents codes has them counted together in the end', () => {
  const { table, requests } = counters(0);
  const used = table();
  for (let code = 100; code < 1000; code++) used.get(`${code}`, () => labelsOf(1, code)).increment();
  assert.equal(requests().length, 65);
  const rest = requests().find(({ name }) => name.labels['response_code'] === 'other');
  assert.equal((rest!.cell as Counter).value, 900 - 64);
});

test('what a listener that is gone has held is there for others', () => {
  const { table, requests } = counters(1);
  const first = table();
  first.get('a', () => labelsOf(1, 200)).increment();
  first.close();
  table()
    .get('b', () => labelsOf(2, 200))
    .increment();
  assert.ok(requests().some(({ name }) => name.labels['destination_service'] === 'h2'));
});
