// JSON in Go's bytes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { jsonText } from './json-text.ts';

test('each line after the first has one more blank, and what is empty stays on its line', () => {
  assert.equal(jsonText({ a: [], b: {}, c: [1] }), '{\n  "a": [],\n  "b": {},\n  "c": [\n   1\n  ]\n }');
});

test('what could end a script is escaped', () => {
  assert.equal(jsonText('a<b>&\u2028'), '"a\\u003cb\\u003e\\u0026\\u2028"');
});

test('the text reads back as the value', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      assert.deepEqual(JSON.parse(jsonText(value)), JSON.parse(JSON.stringify(value)));
    }),
  );
});
