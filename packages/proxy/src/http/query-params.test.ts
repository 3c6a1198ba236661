// Queries are read and written back without loss, sorted by name.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { percentDecoded, QueryParams } from './query-params.ts';

test('a query that is written has every pair once more, in the order of names, and is then a fixed point', () => {
  const part = fc.string({ unit: fc.constantFrom('a', 'b', '%', '2', '6', '.', '-'), maxLength: 4 });
  const pairs = fc.array(fc.tuple(part, part), { maxLength: 6 });
  fc.assert(
    fc.property(pairs, (given) => {
      const path = `/p?${given.map(([name, value]) => `${name}=${value}`).join('&')}`;
      const written = new QueryParams(path, false).write();
      const expected = given.toSorted(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
      const query = expected.map(([name, value]) => `${name}=${value}`).join('&');
      assert.equal(written, query === '' ? '/p' : `/p?${query}`);
      assert.equal(new QueryParams(written, false).write(), written);
    }),
  );
});

test('what is removed is gone, and what was set is there once', () => {
  const params = new QueryParams('/p?b=1&a&b=2&&c=', false);
  params.set('b', '3');
  params.remove('c');
  assert.equal(params.write(), '/p?a=&b=3');
  assert.equal(new QueryParams('/p', false).write(), '/p');
});

test('escapes are read where that is wanted, and what is none stays', () => {
  assert.equal(new QueryParams('/p?%61=%41%2', true).get('a'), 'A%2');
  fc.assert(fc.property(fc.string(), (text) => assert.equal(percentDecoded(text.replaceAll('%', '%25')), text)));
});
