// Values written as lines and cut anywhere come out as they were.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { jsonLines } from './json-lines.ts';

async function read(bytes: Buffer, cuts: readonly number[]): Promise<unknown[]> {
  const places = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].toSorted(
    (a, b) => a - b,
  );
  const chunks = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
  return Array.fromAsync(jsonLines(ofAll(chunks)));
}

async function* ofAll<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  for (const item of items) yield await Promise.resolve(item);
}

test('lines come out whole, however their bytes are cut', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.jsonValue()), fc.array(fc.nat()), async (values, cuts) => {
      const text = values.map((value) => `${JSON.stringify(value)}\n`).join('');
      assert.deepEqual(await read(Buffer.from(text), cuts), JSON.parse(JSON.stringify(values)));
    }),
  );
});

test('a line that breaks off or is no JSON is an error', async () => {
  await assert.rejects(read(Buffer.from('{"a":1}\n{"b"'), []), { code: 'network' });
  await assert.rejects(read(Buffer.from('{"a":1}\nx\n'), []), { code: 'answer' });
});
