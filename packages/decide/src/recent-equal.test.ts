import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RecentEqual } from './recent-equal.ts';

const value = fc.record({ a: fc.nat(1), b: fc.constantFrom(undefined, 0, 1) }, { noNullPrototype: true });

test('what comes out says what went in, and equal ones in a row are one object', () => {
  fc.assert(
    fc.property(fc.array(value, { minLength: 2, maxLength: 20 }), (values) => {
      const recent = new RecentEqual<(typeof values)[number]>();
      const shared = values.map((each) => recent.share(each));
      assert.deepEqual(shared, values);
      for (let index = 1; index < values.length; index++) {
        const [before, now] = [values[index - 1]!, values[index]!];
        assert.equal(shared[index] === shared[index - 1], before.a === now.a && before.b === now.b);
      }
    }),
  );
});

test('members are compared by identity', () => {
  const recent = new RecentEqual<{ readonly list: readonly number[] }>();
  const one = { list: [1] };
  assert.equal(recent.share(one), one);
  assert.notEqual(recent.share({ list: [1] }), one);
});
