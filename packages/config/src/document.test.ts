import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { decodeResource } from './decode-resource.ts';
import { parseDocuments } from './document.ts';

test('each document knows where its fields are', () => {
  const text = '# first\nkind: A\n---\nkind: B\nspec:\n  http:\n  - route:\n    - weight: 1\n    - weight: 2\n';
  const { documents, problems } = parseDocuments(text, 'x.yaml');
  assert.deepEqual(problems, []);
  assert.deepEqual(
    documents.map(({ source }) => source.line),
    [2, 4],
  );
  const second = documents[1]!;
  assert.deepEqual(second.locate(['spec', 'http', 0, 'route', 1, 'weight']), { file: 'x.yaml', line: 9, column: 15 });
  assert.deepEqual(second.locateKey(['spec', 'http', 0, 'route']), { file: 'x.yaml', line: 7, column: 5 });
  assert.equal(second.locate(['spec', 'http', 7, 'nothing']).line, 7);
});

test('the items of a List are documents of their own', () => {
  const text = 'apiVersion: v1\nkind: List\nitems:\n- kind: A\n- kind: B\n  spec: 1\n';
  const { documents } = parseDocuments(text, 'x.yaml');
  assert.deepEqual(
    documents.map(({ value }) => value),
    [{ kind: 'A' }, { kind: 'B', spec: 1 }],
  );
  assert.deepEqual(documents[1]!.locate(['spec']), { file: 'x.yaml', line: 6, column: 9 });
});

test('a broken document is said with its place and the others stay', () => {
  const { documents, problems } = parseDocuments('kind: A\n---\nkind: [\n---\nkind: C\n', 'x.yaml');
  assert.deepEqual(
    documents.map(({ value }) => value),
    [{ kind: 'A' }, { kind: 'C' }],
  );
  assert.deepEqual([problems[0]!.severity, problems[0]!.code], ['error', 'MEL0001']);
  assert.ok(problems[0]!.source!.line >= 3);
});

test('aliases that unfold without end are refused', () => {
  const bomb = [
    'a: &a [x,x,x,x,x,x,x,x,x]',
    ...'bcdefgh'
      .split('')
      .map(
        (key, index) =>
          `${key}: &${key} [${'*' + 'abcdefg'[index] + ','.repeat(0)}${`,*${'abcdefg'[index]}`.repeat(8)}]`,
      ),
  ].join('\n');
  const { documents, problems } = parseDocuments(bomb, 'x.yaml');
  assert.deepEqual([documents.length, problems.length], [0, 1]);
});

const WORDS = ['apiVersion', 'kind', 'metadata', 'spec', 'List', 'items', 'RouteRule', 'VirtualService', 'name', 'v1'];
const SIGNS = [
  ': ',
  '\n',
  '\n  ',
  '\n- ',
  '---\n',
  '&a ',
  '*a',
  '{',
  '}',
  '[',
  ']',
  '"',
  '|\n',
  '<<',
  '!!x ',
  '#',
  '%',
  '\t',
  '? ',
];
const anyYaml = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.constantFrom(...WORDS, ...SIGNS, 'networking.istio.io/v1', 'config.istio.io/v1alpha2'))
    .map((parts) => parts.join('')),
);

test('no text makes reading throw, and every problem points into the text', () => {
  fc.assert(
    fc.property(anyYaml, (text) => {
      const { documents, problems } = parseDocuments(text, 'x.yaml');
      const lines = text.split('\n').length;
      for (const problem of [...problems, ...documents.flatMap((document) => decodeResource(document).problems)]) {
        const { line, column } = problem.source!;
        assert.ok(line >= 1 && line <= lines && column >= 1, `${line}:${column} of ${lines} lines`);
      }
    }),
    { numRuns: 500 },
  );
});
