import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { durationToMs, msToDuration, parseDuration } from './duration.ts';

test("reads Go's durations into milliseconds", () => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    ['1s', 1000],
    ['100ms', 100],
    ['1.5s', 1500],
    ['1h15m30.918s', 4_530_918],
    ['-2s', -2000],
    ['0', 0],
    ['180.000s', 180_000],
    ['5', undefined],
    ['s', undefined],
    ['1d', undefined],
    ['1s ', undefined],
    ['', undefined],
  ];
  assert.deepEqual(
    cases.map(([text]) => [text, parseDuration(text)]),
    cases,
  );
});

test('a duration survives protobuf', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 40 }), (ms) => {
      assert.equal(durationToMs(msToDuration(ms)), ms);
    }),
  );
});

test('never throws, whatever the text', () => {
  fc.assert(fc.property(fc.string(), (text) => void parseDuration(text)));
});
