// The cache stays within its limits, whatever is put into it.
import assert from 'node:assert/strict';
import test from 'node:test';

import fc from 'fast-check';

import { AttributeBag } from '../attributes/attribute-bag.ts';
import { Vocabulary } from '../attributes/vocabulary.ts';

import { ReferenceCache } from './reference-cache.ts';

const NAMES = ['a', 'b', 'c'];
const vocabulary = new Vocabulary({ a: 'STRING', b: 'INT64' });
const value = fc.oneof(fc.constantFrom('', '1', 'b1'), fc.bigInt({ min: 0n, max: 3n }), fc.constantFrom(0, -0, 1));
const bag = fc
  .array(fc.tuple(fc.constantFrom(...NAMES), value))
  .map((attributes) => AttributeBag.of(vocabulary, attributes));

test('what is found was put for the same values of what it depends on', () => {
  const put = fc.tuple(bag, fc.subarray(NAMES));
  fc.assert(
    fc.property(fc.array(put, { maxLength: 20 }), fc.array(bag), (puts, bags) => {
      const cache = new ReferenceCache<{ readonly put: AttributeBag; readonly names: readonly string[] }>(5);
      for (const [attributes, names] of puts) {
        cache.put(
          attributes,
          names.map((name) => reference(name, attributes)),
          { put: attributes, names },
        );
        assert.ok(cache.size <= 5);
        assert.ok(cache.find(attributes, () => true));
      }
      for (const attributes of bags) {
        const found = cache.find(attributes, () => true);
        for (const name of found?.names ?? []) assert.ok(Object.is(found!.put.get(name), attributes.get(name)), name);
      }
    }),
  );
});

function reference(name: string, attributes: AttributeBag) {
  const condition = attributes.get(name) === undefined ? ('ABSENCE' as const) : ('EXACT' as const);
  return { name, mapKey: 'source.ip', condition };
}
