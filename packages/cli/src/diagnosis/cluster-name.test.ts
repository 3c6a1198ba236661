// Istio's cluster names are read as they were written.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseClusterName } from './cluster-name.ts';

test('a name gives back its parts, with bars or as an SNI', () => {
  const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
  const parts = fc.record({
    direction: fc.constantFrom('inbound', 'outbound'),
    port: fc.integer({ min: 1, max: 65_535 }),
    subset: fc.oneof(fc.constant(''), word),
    host: fc.array(word, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.')),
  });
  fc.assert(
    fc.property(parts, fc.constantFrom('|', '_.'), (cluster, bar) => {
      const { direction, port, subset, host } = cluster;
      assert.deepEqual(parseClusterName([direction, port, subset, host].join(bar)), { ...cluster });
    }),
  );
});

test('another name is a host', () => {
  for (const name of ['BlackHoleCluster', 'xds-grpc', 'a|b', '']) {
    assert.deepEqual(parseClusterName(name), { direction: '', port: 0, subset: '', host: name });
  }
});
