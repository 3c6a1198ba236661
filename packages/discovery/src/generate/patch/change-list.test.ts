// Where a patch of a list puts its entry.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PatchOperation } from '@meltemi/config';
import fc from 'fast-check';
import { changedList } from './change-list.ts';

function changed(operation: PatchOperation, named?: string, items = ['a', 'b', 'a', 'end']): string {
  const names = named === undefined ? undefined : (item: string) => item === named;
  return changedList(items, { operation, item: 'x', names }, (item) => item === 'end').join(' ');
}

test('puts, replaces and removes by the entry that it names', () => {
  assert.equal(changed('INSERT_BEFORE', 'b'), 'a x b a end');
  assert.equal(changed('INSERT_AFTER', 'a'), 'a x b a end');
  assert.equal(changed('INSERT_FIRST', 'b'), 'x a b a end');
  assert.equal(changed('REPLACE', 'a'), 'x b a end');
  assert.equal(changed('REMOVE', 'a'), 'b end');
});

test('without an entry, what comes last comes before the one behind which none can stand', () => {
  assert.equal(changed('ADD'), 'a b a x end');
  assert.equal(changed('INSERT_AFTER'), 'a b a x end');
  assert.equal(changed('INSERT_BEFORE'), 'x a b a end');
  assert.equal(changed('ADD', undefined, ['a']), 'a x');
});

test('an entry that is not there leaves the list as it is, as does one that is not named where it must be', () => {
  const operations: PatchOperation[] = ['INSERT_BEFORE', 'INSERT_AFTER', 'REPLACE', 'REMOVE', 'MERGE'];
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', 'b', 'end')), fc.constantFrom(...operations), (items, operation) => {
      assert.equal(changed(operation, 'not there', items), items.join(' '));
    }),
  );
  assert.equal(changed('REPLACE'), 'a b a end');
  assert.equal(changed('REMOVE'), 'a b a end');
});
