// Attributes survive the wire: compressed, as changes in a report, and as references.
import assert from 'node:assert/strict';
import test from 'node:test';

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { CompressedAttributesSchema } from '@meltemi/api/istio/mixer/v1/attributes_pb';
import { ReferencedAttributesSchema, ReportRequestSchema } from '@meltemi/api/istio/mixer/v1/mixer_pb';
import fc from 'fast-check';

import { duration, timestamp, type Value } from '../values/value.ts';

import { compressAttributes, decompressAttributes } from './compressed-attributes.ts';
import { decodeReport, encodeReports } from './delta-report.ts';
import { GLOBAL_WORDS } from './global-words.ts';
import { MessageWords } from './message-words.ts';
import { decodeReferences, encodeReferences } from './referenced-attributes.ts';

const word = fc.oneof(fc.constantFrom(...GLOBAL_WORDS), fc.constantFrom('', 'own', "'", '200 OK', '__proto__'));
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const value: fc.Arbitrary<Value> = fc.oneof(
  word,
  int64,
  fc.double({ noNaN: true }),
  fc.boolean(),
  int64.map(duration),
  fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }).map(timestamp),
  fc.uint8Array({ maxLength: 16 }),
  fc.array(fc.tuple(word, word)).map((entries) => new Map(entries)),
);
const request = fc.array(fc.tuple(word, value)).map((entries) => new Map(entries));

test('compressed attributes are read as they were written', () => {
  fc.assert(
    fc.property(request, (attributes) => {
      const bytes = toBinary(CompressedAttributesSchema, compressAttributes(attributes));
      assert.deepEqual(sorted(decompressAttributes(fromBinary(CompressedAttributesSchema, bytes))), sorted(attributes));
    }),
  );
});

test('words that the peer does not know go along', () => {
  const attributes = new Map<string, Value>([['context.reporter.kind', 'GET']]);
  const message = compressAttributes(attributes, new MessageWords(158));
  assert.deepEqual(message.words, ['context.reporter.kind']);
  assert.deepEqual(message.strings, { [-1]: GLOBAL_WORDS.indexOf('GET') });
  assert.deepEqual(decompressAttributes(message), attributes);
});

test('words with quotes keep them', () => {
  assert.deepEqual([GLOBAL_WORDS[94], GLOBAL_WORDS[111], GLOBAL_WORDS[112]], ["'200'", "'0'", "'1'"]);
  assert.deepEqual([GLOBAL_WORDS[136], GLOBAL_WORDS[134], GLOBAL_WORDS[135]], ['200', '0', '1']);
  assert.equal(GLOBAL_WORDS.length, 203);
});

test('an index without a word, and an attribute with two values, are refused', () => {
  const beyond = create(CompressedAttributesSchema, { strings: { 203: 0 } });
  assert.throws(() => decompressAttributes(beyond), { code: 'BAD_ATTRIBUTES' });
  const own = create(CompressedAttributesSchema, { words: ['a'], strings: { [-1]: -2 } });
  assert.throws(() => decompressAttributes(own), { code: 'BAD_ATTRIBUTES' });
  const twice = create(CompressedAttributesSchema, { strings: { 0: 1 }, bools: { 0: true } });
  assert.throws(() => decompressAttributes(twice), { code: 'BAD_ATTRIBUTES' });
});

test('reports of changes give back every request whole', () => {
  const growing = fc
    .tuple(request, fc.array(request, { maxLength: 5 }))
    .map(([first, more]) => more.reduce((all, next) => [...all, new Map([...all.at(-1)!, ...next])], [first]));
  fc.assert(
    fc.property(fc.oneof(growing, fc.array(request, { maxLength: 5 })), (requests) => {
      const reports = encodeReports(requests).map((report) => toBinary(ReportRequestSchema, report));
      const read = reports.flatMap((bytes) => decodeReport(fromBinary(ReportRequestSchema, bytes)));
      assert.deepEqual(read.map(sorted), requests.map(sorted));
    }),
  );
});

test('a report carries only what changed', () => {
  const first = new Map<string, Value>([
    ['source.ip', Uint8Array.of(1, 2, 3, 4)],
    ['request.size', 7n],
  ]);
  const [report, ...more] = encodeReports([first, new Map([...first, ['request.size', 8n]])]);
  assert.deepEqual(more, []);
  assert.deepEqual(decompressAttributes(report!.attributes[1]!, report!.defaultWords), new Map([['request.size', 8n]]));
});

test('references are read as they were written, whatever the client knows', () => {
  const condition = fc.constantFrom('EXACT' as const, 'ABSENCE' as const);
  const reference = fc.record({ name: word, mapKey: word, condition }, { noNullPrototype: true });
  fc.assert(
    fc.property(fc.array(reference), fc.nat({ max: 203 }), (references, count) => {
      const bytes = toBinary(ReferencedAttributesSchema, encodeReferences(references, count));
      const message = fromBinary(ReferencedAttributesSchema, bytes);
      assert.deepEqual(decodeReferences(message), references);
      assert.ok(message.attributeMatches.every(({ name, mapKey }) => name < count && mapKey < count));
    }),
  );
});

function sorted(attributes: ReadonlyMap<string, Value>): readonly (readonly [string, Value])[] {
  return [...attributes].sort(([a], [b]) => (a < b ? -1 : 1));
}
