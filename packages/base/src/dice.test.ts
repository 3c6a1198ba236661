import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rollInteger, seededDice } from './dice.ts';

test('an integer of two rolls has remainders of every kind', () => {
  const dice = seededDice(1);
  const integers = Array.from({ length: 2000 }, () => rollInteger(dice));
  assert.ok(integers.every((integer) => Number.isSafeInteger(integer) && integer >= 0));
  assert.equal(new Set(integers.map((integer) => integer % 100)).size, 100);
  assert.equal(rollInteger({ roll: () => 1 - 2 ** -53 }), 2 ** 53 - 1);
});
