// Metrics come out as Prometheus reads them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PilotMetrics } from './metrics.ts';

test('counters, gauges and histograms in the text format of Prometheus', () => {
  const metrics = new PilotMetrics();
  metrics.count('pushes', 'Pushes.', { type: 'cds' });
  metrics.count('pushes', 'Pushes.', { type: 'cds' });
  metrics.set('proxies', 'Proxies.', 3);
  metrics.set('proxies', 'Proxies.', 2);
  metrics.observe('time', 'Time.', 0.02, { a: 'b"c' });
  const lines = metrics.text().split('\n');
  assert.deepEqual(lines.slice(0, 8), [
    '# HELP pushes Pushes.',
    '# TYPE pushes counter',
    'pushes{type="cds"} 2',
    '# HELP proxies Proxies.',
    '# TYPE proxies gauge',
    'proxies 2',
    '# HELP time Time.',
    '# TYPE time histogram',
  ]);
  assert.ok(lines.includes('time_bucket{a="b\\"c",le="0.01"} 0'));
  assert.ok(lines.includes('time_bucket{a="b\\"c",le="0.05"} 1'));
  assert.ok(lines.includes('time_bucket{a="b\\"c",le="+Inf"} 1'));
  assert.ok(lines.includes('time_count{a="b\\"c"} 1'));
});
