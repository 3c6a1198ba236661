import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseDuration } from '@meltemi/base';
import fc from 'fast-check';

import { encodeDuration } from './encode-duration.ts';

test('durations are seconds with three digits, or six', () => {
  assert.deepEqual(['3m', '1s', '1.5s', '10ms', '250us', '0s'].map(encodeDuration), [
    '180.000s',
    '1.000s',
    '1.500s',
    '0.010s',
    '0.000250s',
    '0.000s',
  ]);
  assert.equal(encodeDuration(undefined), undefined);
});

test('every encoded duration is read back as the same', () => {
  fc.assert(
    fc.property(fc.nat({ max: 86_400_000 }), (ms) => {
      const encoded = encodeDuration(`${ms}ms`)!;
      assert.deepEqual([Math.round(parseDuration(encoded)!), encodeDuration(encoded)], [ms, encoded]);
    }),
  );
});
