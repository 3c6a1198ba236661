// Durations, times and addresses as text: what is written is read again.
import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import test from 'node:test';

import fc from 'fast-check';

import { formatGoDuration, parseGoDuration } from './duration-text.ts';
import { equalIpAddresses, formatIpAddress, parseIpAddress, shortForm } from './ip-address.ts';
import { parseJson, readValue, ValueError } from './read-value.ts';
import { formatTimestamp, parseTimestamp } from './timestamp-text.ts';
import { VALUE_TYPES } from './value-type.ts';

test('durations are read as they are written', () => {
  const limit = 2n ** 63n - 1n;
  fc.assert(
    fc.property(fc.bigInt({ min: -limit, max: limit }), (nanoseconds) => {
      assert.equal(parseGoDuration(formatGoDuration(nanoseconds)), nanoseconds);
    }),
  );
});

test('durations are written as Go writes them', () => {
  const written = [0n, 1n, 1500n, 19_000_000n, 90_000_000_000n, 5_400_000_000_000n, -1_500_000_000n].map(
    formatGoDuration,
  );
  assert.deepEqual(written, ['0s', '1ns', '1.5µs', '19ms', '1m30s', '1h30m0s', '-1.5s']);
});

test('texts that are no durations have none', () => {
  for (const text of ['', '1', 's', '1 s', '.s', '1s1', '3000000h', '--1s', '1d'])
    assert.equal(parseGoDuration(text), undefined);
});

test('times are read as they are written', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 18n), max: 9n * 10n ** 18n }), (nanoseconds) => {
      assert.equal(parseTimestamp(formatTimestamp(nanoseconds)), nanoseconds);
    }),
  );
  assert.equal(parseTimestamp('2015-01-02T15:04:35.25+02:00'), parseTimestamp('2015-01-02T13:04:35.25Z'));
  for (const text of ['2015-02-30T00:00:00Z', '2015-01-02', '2015-01-02T15:04:35', '2015-01-02T15:04:35+24:00']) {
    assert.equal(parseTimestamp(text), undefined);
  }
});

test('addresses are read as they are written, in either form', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
      const bytes = parseIpAddress(text)!;
      const written = formatIpAddress(bytes);
      assert.ok(isIP(written) > 0, written);
      assert.ok(equalIpAddresses(parseIpAddress(written)!, bytes));
      assert.ok(equalIpAddresses(shortForm(bytes), bytes));
    }),
  );
  assert.equal(formatIpAddress(parseIpAddress('2001:db8:0:0:1:0:0:1')!), '2001:db8::1:0:0:1');
});

test('any JSON is a value of a type or is refused', () => {
  fc.assert(
    fc.property(fc.json(), fc.constantFrom(...VALUE_TYPES), (json, type) => {
      try {
        readValue(parseJson(json), type);
      } catch (error) {
        assert.ok(error instanceof ValueError, String(error));
      }
    }),
  );
});

test('integers of 64 bits stay exact', () => {
  assert.equal(readValue(parseJson('9223372036854775807'), 'INT64'), 2n ** 63n - 1n);
  assert.throws(() => readValue(parseJson('9223372036854775808'), 'INT64'), {
    message: '9223372036854775808 is no INT64',
  });
});
