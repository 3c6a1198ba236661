import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { decodeResource } from './decode-resource.ts';
import { parseDocuments } from './document.ts';
import { editText } from './edit-text.ts';

const rule = (name: string, precedence: number): string =>
  `apiVersion: config.istio.io/v1alpha2\nkind: RouteRule\nmetadata:\n  name: ${name}\nspec:\n  destination:\n    name: ${name} # the service\n  precedence: ${precedence}\n`;
const nameOf = (name: string) => ({ kind: 'RouteRule', namespace: 'default', name });
const object = (name: string, precedence: number) => ({
  apiVersion: 'config.istio.io/v1alpha2',
  kind: 'RouteRule',
  metadata: { name },
  spec: { destination: { name }, precedence },
});

test('replacing keeps the other documents and the comments above', () => {
  const text = `# all of them\n${rule('a', 1)}---\n# the second\n${rule('b', 1)}--- # third\n${rule('c', 1)}`;
  const edited = editText(text, nameOf('b'), object('b', 7))!;
  assert.equal(
    edited,
    `# all of them\n${rule('a', 1)}---\n# the second\n${rule('b', 7).replace(' # the service', '')}--- # third\n${rule('c', 1)}`,
  );
});

test('deleting keeps the others byte for byte, and nothing is left of the last', () => {
  const text = `${rule('a', 1)}---\n${rule('b', 1)}`;
  assert.equal(editText(text, nameOf('b'), undefined), rule('a', 1));
  assert.equal(editText(rule('a', 1), nameOf('a'), undefined), '');
  assert.equal(editText(text, nameOf('c'), undefined), undefined);
});

test('an item of a List is replaced and deleted among the others', () => {
  const text = `apiVersion: v1\nkind: List\nitems:\n# one\n- ${rule('a', 1).trim().replaceAll('\n', '\n  ')}\n# two\n- ${rule('b', 1).trim().replaceAll('\n', '\n  ')}\n`;
  const names = (edited: string) =>
    parseDocuments(edited, 'f').documents.map(
      (document) => (document.value as { metadata: { name: string } }).metadata.name,
    );
  assert.deepEqual(names(editText(text, nameOf('a'), undefined)!), ['b']);
  const replaced = editText(text, nameOf('b'), object('b', 9))!;
  assert.deepEqual(names(replaced), ['a', 'b']);
  assert.match(replaced, /precedence: 9/);
  assert.match(replaced, /# one/);
});

test('a broken object can be mended', () => {
  const text = rule('a', 1).replace('precedence: 1', 'precedense: 1');
  assert.match(editText(text, nameOf('a'), object('a', 2))!, /precedence: 2/);
});

test('after any sequence of edits the file holds what was asked for', () => {
  const edit = fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    precedence: fc.option(fc.nat(9), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(edit), (edits) => {
      const wanted = new Map([
        ['a', 1],
        ['b', 1],
        ['c', 1],
      ]);
      let text = ['a', 'b', 'c'].map((name) => rule(name, 1)).join('---\n');
      for (const { name, precedence } of edits) {
        const edited = editText(text, nameOf(name), precedence === undefined ? undefined : object(name, precedence));
        assert.equal(edited !== undefined, wanted.has(name));
        text = edited ?? text;
        if (precedence === undefined) wanted.delete(name);
        else if (wanted.has(name)) wanted.set(name, precedence);
      }
      const held = parseDocuments(text, 'f').documents.map((document) => decodeResource(document).resource!);
      assert.deepEqual(
        new Map(held.map(({ metadata, spec }) => [metadata.name, (spec as { precedence: number }).precedence])),
        wanted,
      );
    }),
  );
});
