import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { didYouMean, editDistance } from './did-you-mean.ts';

test('finds the nearest word within a third of its length', () => {
  const words = ['weight', 'destination', 'match', 'route'];
  assert.equal(didYouMean('wieght', words), 'weight');
  assert.equal(didYouMean('Destinaton', words), 'destination');
  assert.equal(didYouMean('xyz', words), undefined);
});

test('edit distance is a metric on words', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (a, b) => {
      const distance = editDistance(a, b);
      assert.equal(distance, editDistance(b, a));
      assert.equal(distance === 0, a === b);
      assert.ok(distance <= Math.max(a.length, b.length) && distance >= Math.abs(a.length - b.length));
    }),
  );
});

test('the limit only cuts what is above it', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), fc.nat(9), (a, b, limit) => {
      assert.equal(editDistance(a, b, limit), Math.min(editDistance(a, b), limit));
    }),
  );
});
