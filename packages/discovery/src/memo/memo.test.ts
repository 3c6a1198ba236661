import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Memo } from './memo.ts';

interface Leaf {
  readonly labels: Readonly<Record<string, string>>;
  readonly name: string;
  readonly items: ReadonlyMap<string, number>;
}

interface From {
  readonly leaf: Leaf;
  readonly kind: string;
  readonly [source: string]: unknown;
}

const DEPTH = { leaf: { labels: {}, items: {} } };

function leaf(name: string, labels: Leaf['labels'] = {}, items: Readonly<Record<string, number>> = {}): Leaf {
  return { name, labels, items: new Map(Object.entries(items)) };
}

test('a computation is done again when something that it read is different, and else not', () => {
  const memo = new Memo<From, string>(DEPTH);
  let computed = 0;
  const ask = (from: Leaf, kind = 'k') =>
    memo.result('', { leaf: from, kind }, (seen) => {
      computed++;
      return `${seen.kind} ${seen.leaf.labels['app']} ${seen.leaf.items.get('one') ?? 'none'}`;
    });
  assert.equal(ask(leaf('a', { app: 'web', version: '1' }, { one: 1, two: 2 })), 'k web 1');
  assert.equal(ask(leaf('b', { app: 'web', version: '2' }, { one: 1, two: 3 })), 'k web 1');
  assert.equal(computed, 1);
  assert.equal(ask(leaf('b', { app: 'db' }, { one: 1 })), 'k db 1');
  assert.equal(ask(leaf('b', { app: 'db' })), 'k db none');
  assert.equal(ask(leaf('b', { app: 'db' }), 'other'), 'other db none');
  assert.equal(computed, 4);
});

test('what a computation inside another reads is read by the other too', () => {
  const [outer, inner] = [new Memo<From, string>(DEPTH), new Memo<From, string>(DEPTH)];
  const ask = (from: Leaf) =>
    outer.result('', { leaf: from, kind: '' }, (seen) =>
      inner.result('', seen, ({ leaf: within }) => `${within.labels['app']}`),
    );
  assert.equal(ask(leaf('a', { app: 'web' })), 'web');
  assert.equal(ask(leaf('a', { app: 'db' })), 'db');
  assert.equal(ask(leaf('b', { app: 'web' })), 'web');
});

test('who looks at all of a value depends on all of it', () => {
  const memo = new Memo<From, number>(DEPTH);
  const ask = (from: Leaf) => memo.result('', { leaf: from, kind: '' }, (seen) => [...seen.leaf.items].length);
  assert.deepEqual([ask(leaf('a', {}, { one: 1 })), ask(leaf('a', {}, { one: 1, two: 2 }))], [1, 2]);
  const keys = new Memo<From, string>(DEPTH);
  const askKeys = (from: Leaf) =>
    keys.result('', { leaf: from, kind: '' }, (seen) => Object.keys(seen.leaf.labels).join());
  assert.deepEqual([askKeys(leaf('a', { x: '1' })), askKeys(leaf('a', { x: '1', y: '2' }))], ['x', 'x,y']);
});

const anyLeaf = fc.record({
  name: fc.constantFrom('a', 'b'),
  labels: fc.dictionary(fc.constantFrom('x', 'y'), fc.constantFrom('1', '2')),
  items: fc.dictionary(fc.constantFrom('p', 'q'), fc.nat(2)),
});

test('answers are those of the computation itself, whatever it reads', () => {
  const reads = fc.subarray(['name', 'x', 'y', 'p', 'q', 'all']);
  fc.assert(
    fc.property(fc.array(anyLeaf, { minLength: 1, maxLength: 12 }), reads, (leaves, wanted) => {
      const compute = ({ name, labels, items }: Leaf): string =>
        JSON.stringify([
          wanted.includes('name') && name,
          wanted.includes('x') && labels['x'],
          wanted.includes('y') && ('y' in labels ? labels['y'] : 'none'),
          wanted.includes('p') && items.get('p'),
          wanted.includes('q') && items.has('q'),
          wanted.includes('all') && [...items.values()],
        ]);
      const memo = new Memo<From, string>(DEPTH);
      for (const { name, labels, items } of leaves) {
        const from = leaf(name, labels, items);
        assert.equal(
          memo.result('', { leaf: from, kind: '' }, (seen) => compute(seen.leaf)),
          compute(from),
        );
      }
    }),
  );
});

test('what nobody asked for in two ages is forgotten', () => {
  const memo = new Memo<From, object>(DEPTH);
  const from = { leaf: leaf('a'), kind: '' };
  const first = memo.result('', from, () => ({}));
  memo.age();
  assert.equal(
    memo.result('', from, () => ({})),
    first,
  );
  memo.age();
  memo.age();
  assert.notEqual(
    memo.result('', from, () => ({})),
    first,
  );
});
