import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StatsStore } from '@meltemi/telemetry';
import fc from 'fast-check';
import { SeriesCells, SeriesTable } from './series.ts';

test('a client that invents hosts does not make metrics without end, and nothing is left uncounted', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(fc.nat(12), { maxLength: 40 }), (limit, hosts) => {
      const stats = new StatsStore();
      const cells = new SeriesCells(stats);
      const table = new SeriesTable((labels) => cells.counter('requests_total', labels), limit);
      for (const host of hosts) {
        table.get(`${host}`, () => ({ reporter: 'source', destination_service: `h${host}` })).increment();
      }
      const lines = stats.list();
      assert.ok(lines.length <= limit + 1);
      const counted = lines.reduce((sum, { cell }) => sum + ('value' in cell ? cell.value : 0), 0);
      assert.equal(counted, hosts.length);
      const other = lines.find(({ name }) => name.labels['destination_service'] === 'other');
      assert.equal(other?.name.labels['reporter'], new Set(hosts).size > limit ? 'source' : undefined);
      cells.close();
      assert.deepEqual(stats.list(), []);
    }),
  );
});
