// Bags: what is read from them, by whom they are shared, and values of a wrong type.
import assert from 'node:assert/strict';
import test from 'node:test';

import fc from 'fast-check';

import { compileExpression } from '../expr/compile.ts';
import { ExpressionError } from '../expr/expression-error.ts';
import { VALUE_TYPES, type ValueType } from '../values/value-type.ts';
import { duration, timestamp, type Value } from '../values/value.ts';

import { AttributeBag } from './attribute-bag.ts';
import { ReferenceLog } from './reference-log.ts';
import { Vocabulary } from './vocabulary.ts';

const vocabulary = new Vocabulary({ s: 'STRING', i: 'INT64', m: 'STRING_MAP' });

const anyValue: fc.Arbitrary<Value> = fc.oneof(
  fc.string(),
  fc.bigInt({ min: 0n, max: 9n }),
  fc.double(),
  fc.boolean(),
  fc.constant(duration(1n)),
  fc.constant(timestamp(1n)),
  fc.uint8Array({ maxLength: 16 }),
  fc.constant(new Map([['k', 'v']])),
);

test('a client that sends values of other types than declared gets no more than a failed lookup', () => {
  fc.assert(
    fc.property(fc.constantFrom<ValueType>(...VALUE_TYPES), anyValue, (type, value) => {
      const own = new Vocabulary({ a: type });
      const text = type === 'STRING_MAP' ? 'a["k"]' : 'a == a';
      try {
        compileExpression(text, own).evaluate(AttributeBag.of(own, [['a', value]]));
      } catch (error) {
        assert.ok(error instanceof ExpressionError, String(error));
      }
    }),
  );
});

test('a tracked bag notes what is read, of maps only the keys', () => {
  const log = new ReferenceLog(vocabulary);
  const bag = AttributeBag.of(vocabulary, [['m', new Map([['a', '1']])]]);
  const compiled = compileExpression('s | m["a"] | m["b"] | "none"', vocabulary);
  assert.equal(compiled.evaluate(bag.tracked(log)), '1');
  assert.deepEqual(log.references(), [
    { name: 'm', mapKey: 'a', condition: 'EXACT' },
    { name: 's', condition: 'ABSENCE' },
  ]);
});

test('a fork of a log begins with what was noted, and goes its own way', () => {
  const log = new ReferenceLog(vocabulary);
  log.note(0, 'EXACT');
  log.noteKey(2, 'k', 'ABSENCE');
  const fork = log.fork();
  fork.note(1, 'EXACT');
  fork.noteKey(2, 'l', 'EXACT');
  assert.equal(log.references().length, 2);
  assert.equal(fork.references().length, 4);
});

test('a copy shares nothing, and undeclared attributes are kept', () => {
  const bag = AttributeBag.of(vocabulary, [
    ['s', 'a'],
    ['other', 1n],
  ]);
  const copy = bag.copy();
  copy.set('s', 'b');
  copy.set('other', 2n);
  assert.deepEqual(
    [...bag.entries()],
    [
      ['s', 'a'],
      ['other', 1n],
    ],
  );
  assert.deepEqual(
    [...copy.entries()],
    [
      ['s', 'b'],
      ['other', 2n],
    ],
  );
});
