// Which values are the same.
import assert from 'node:assert/strict';
import test from 'node:test';

import fc from 'fast-check';

import { sameValue } from './same-value.ts';
import { duration, timestamp, type Value } from './value.ts';

const value: fc.Arbitrary<Value> = fc.oneof(
  fc.constantFrom('', 'a', 'b'),
  fc.constantFrom(0n, 1n),
  fc.constantFrom(0, -0, 1, NaN),
  fc.boolean(),
  fc.constantFrom(0n, 1n).map(duration),
  fc.constantFrom(0n, 1n).map(timestamp),
  fc.uint8Array({ maxLength: 2, max: 1 }),
  fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('', 'x')).map((entries) => new Map(Object.entries(entries))),
);

test('values are the same exactly where nothing tells them apart', () => {
  const shape = (each: Value): unknown => (each instanceof Uint8Array ? [...each, 'bytes'] : each);
  fc.assert(
    fc.property(value, value, (a, b) => {
      let equal = true;
      try {
        assert.deepStrictEqual(shape(a), shape(b));
      } catch {
        equal = false;
      }
      assert.equal(sameValue(a, b), equal);
    }),
  );
});
