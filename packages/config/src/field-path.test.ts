import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { formatPath, parsePath } from './field-path.ts';

test('a path is written as people know it', () => {
  const path = ['spec', 'http', 0, 'route', 1, 'weight'];
  assert.equal(formatPath(path), 'spec.http[0].route[1].weight');
  assert.equal(formatPath(['metadata', 'labels', 'a.b/c']), 'metadata.labels["a.b/c"]');
});

test('every path can be read back', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.nat(), fc.string())), (path) => {
      assert.deepEqual(parsePath(formatPath(path)), path);
    }),
  );
});
