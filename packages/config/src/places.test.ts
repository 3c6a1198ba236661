import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';
import { type Document, type Node, parseDocument, stringify } from 'yaml';

import { Places } from './places.ts';
import type { Path } from './schema.ts';

function placesOf(text: string): { readonly places: Places; readonly document: Document.Parsed } {
  const document = parseDocument(text);
  return { places: new Places(document, text), document };
}

const anyKey = fc.oneof(
  fc.constantFrom('spec', 'http', '10', '0', 'a: b', '- c', 'd # e', '"f"', 'g\nh', ''),
  fc.string({ unit: 'grapheme' }),
);
const { anyValue } = fc.letrec<{ anyValue: unknown }>((tie) => ({
  anyValue: fc.oneof(
    { depthSize: 'small' },
    fc.string(),
    fc.integer(),
    fc.constant(null),
    fc.array(tie('anyValue'), { maxLength: 4 }),
    fc.dictionary(anyKey, tie('anyValue'), { maxKeys: 4, noNullPrototype: true }),
  ),
}));

test('each node is where the parser found it', () => {
  fc.assert(
    fc.property(anyValue, fc.boolean(), (value, flow) => {
      const text = stringify(value, { collectionStyle: flow ? 'flow' : 'any' });
      const { places, document } = placesOf(text);
      for (const path of pathsOf(value, [])) {
        const node = document.getIn(path, true) as Node | undefined;
        assert.equal(places.find(path).value, node?.range?.[0] ?? document.contents?.range[0], JSON.stringify(path));
      }
    }),
  );
});

/** Names that are also the names of others in protobuf's JSON, and numbers, may stand for another field. */
function pathsOf(value: unknown, path: Path): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...path, stepOf(value, key)]))];
}

function stepOf(parent: object, key: string): string | number {
  return Array.isArray(parent) ? Number(key) : key;
}

test('a key is found by both of its names, and where it is in quotes', () => {
  const text = 'spec:\n  "per_try_timeout": 2s\n';
  const at = text.indexOf('"');
  assert.deepEqual(placesOf(text).places.find(['spec', 'perTryTimeout']), { key: at, value: text.indexOf('2s') });
});

test('what stands for another node leads into it', () => {
  const text = 'a: &x\n  b: 1\nc: *x\n';
  const { places } = placesOf(text);
  assert.equal(places.find(['c']).value, text.indexOf('*x'));
  assert.equal(places.find(['c', 'b']).value, text.indexOf('1'));
});

test('a path that is not there leads to its nearest parent', () => {
  const text = 'a:\n- b: 1\nc:\n';
  const { places } = placesOf(text);
  assert.equal(places.find(['a', 7, 'b']).value, text.indexOf('- b'));
  assert.equal(places.find(['c', 'd']).key, text.indexOf('c:'));
});
