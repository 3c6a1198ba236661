import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { DER_TAG, derChildren, derElement, DerError } from './der-reader.ts';
import { der, derSequence } from './der.ts';

test('what was written is read, whole and in order', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 70_000 }), { maxLength: 4 }), (contents) => {
      const bytes = derSequence(...contents.map((content) => der(DER_TAG.octetString, content)));
      const children = derChildren(derElement(bytes, DER_TAG.sequence));
      assert.deepEqual(
        children.map(({ content }) => Buffer.from(content)),
        contents.map((content) => Buffer.from(content)),
      );
    }),
    { numRuns: 50 },
  );
});

test('any bytes are read or refused, never anything else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        const element = derElement(Buffer.from(bytes), bytes[0] ?? 0);
        assert.equal(element.raw.length, bytes.length);
        derChildren(element);
      } catch (error) {
        assert.ok(error instanceof DerError);
      }
    }),
    { numRuns: 2000 },
  );
});

for (const [name, bytes] of [
  ['nothing', []],
  ['a tag alone', [0x30]],
  ['an indefinite length', [0x30, 0x80, 0, 0]],
  ['a length in more bytes than it needs', [0x30, 0x81, 0x01, 0]],
  ['a length with a leading zero', [0x30, 0x82, 0x00, 0x80, ...Array<number>(128).fill(0)]],
  ['a length beyond the end', [0x30, 0x05, 1]],
  ['bytes after the end', [0x30, 0x00, 0x00]],
  ['a tag of two bytes', [0x3f, 0x01, 0x00]],
  ['a length of five bytes', [0x30, 0x85, 0, 0, 0, 0, 1, 0]],
] as const) {
  test(`refuses ${name}`, () => assert.throws(() => derElement(Buffer.from(bytes), 0x30), DerError));
}
