import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { maskJson } from './field-mask.ts';

test('keeps the fields that are named, in lists too, and the type', () => {
  const value: JsonObject = { '@type': 't', a: { b: 1, c: 2 }, list: [{ x: 1, y: 2 }, { x: 3 }], z: 0 };
  assert.deepEqual(maskJson(value, 'a.b,list.x'), { '@type': 't', a: { b: 1 }, list: [{ x: 1 }, { x: 3 }] });
  assert.equal(maskJson(value, 'nothing.here'), undefined);
});

test('what is kept was there', () => {
  const value = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.jsonValue()) as fc.Arbitrary<JsonObject>;
  const mask = fc.array(fc.constantFrom('a', 'b', 'c', 'a.b', 'b.c'), { minLength: 1 }).map((paths) => paths.join(','));
  fc.assert(fc.property(value, mask, (whole, paths) => within(maskJson(whole, paths) ?? {}, whole)));
});

function within(part: JsonValue, whole: JsonValue | undefined): boolean {
  if (Array.isArray(part)) return Array.isArray(whole);
  if (typeof part !== 'object' || part === null) return part === whole;
  return Object.entries(part).every(([key, member]) => within(member, (whole as JsonObject)[key]));
}
