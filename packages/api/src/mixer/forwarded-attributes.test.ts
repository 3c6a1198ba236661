// What one sidecar tells the next of its workload.
import assert from 'node:assert/strict';
import test from 'node:test';

import fc from 'fast-check';

import { type AttributeValue, attributesMessage } from './attributes.ts';
import { forwardedField, readForwarded } from './forwarded-attributes.ts';

test('the field of 0.1, as it was captured, is read', () => {
  const captured =
    'ChcKCXNvdXJjZS5pcBIKMTcyLjE3LjAuOAo5Cgpzb3VyY2UudWlkEitrdWJlcm5ldGVzOi8vc2xlZXAtMTAwOTE4NDI1OS1tajBzOS5kZWZhdWx0';
  assert.deepEqual(
    [...readForwarded(captured)],
    [
      ['source.ip', Buffer.from([172, 17, 0, 8])],
      ['source.uid', 'kubernetes://sleep-1009184259-mj0s9.default'],
    ],
  );
});

test('what is told is what is read', () => {
  const name = fc.constantFrom('source.uid', 'source.name', 'source.labels', 'a');
  const time = (kind: 'timestamp' | 'duration') =>
    fc.bigInt({ min: 0n, max: 2n ** 62n }).map((nanoseconds) => ({ kind, nanoseconds }));
  const text = fc.string({ unit: 'grapheme' });
  const value: fc.Arbitrary<AttributeValue> = fc.oneof(
    text,
    fc.boolean(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.uint8Array({ maxLength: 16 }).map((bytes) => Buffer.from(bytes)),
    fc
      .uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'version'), text), { selector: ([key]) => key })
      .map((entries) => new Map(entries)),
    time('timestamp'),
    time('duration'),
  );
  fc.assert(
    fc.property(fc.dictionary(name, value, { noNullPrototype: true }), (values) => {
      const told = new Map(Object.entries(values));
      assert.deepEqual(new Map(readForwarded(forwardedField(attributesMessage(told)))), told);
    }),
  );
});

test('no bytes make it fail', () => {
  fc.assert(fc.property(fc.string(), (field) => void readForwarded(field)));
  fc.assert(fc.property(fc.uint8Array(), (bytes) => void readForwarded(Buffer.from(bytes).toString('base64'))));
  assert.equal(readForwarded(undefined).size, 0);
});
