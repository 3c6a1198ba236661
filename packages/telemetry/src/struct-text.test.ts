// Holds the text of Struct values to Envoy's: it reads back as the same value, and is as short as numbers can be.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { structText } from './struct-text.ts';

test('numbers take the shorter of their two forms', () => {
  assert.equal(
    structText([0, 4, 100, 100_000, 1_760_000_000, 1_234_567.891, 0.1, 1e-4, 1e-7, 2 ** 60, 1e21, -0.5]),
    '[0,4,100,1e+05,1.76e+09,1234567.891,0.1,1e-04,1e-07,1152921504606846976,1e+21,-0.5]',
  );
});

test('members are sorted by key', () => {
  assert.equal(structText({ b: [true, null], a: { d: 'x"', c: 1 } }), '{"a":{"c":1,"d":"x\\""},"b":[true,null]}');
});

test('any value reads back as it was', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const plain: unknown = JSON.parse(JSON.stringify(value));
      assert.deepEqual(JSON.parse(structText(value as never)), plain);
    }),
  );
});
