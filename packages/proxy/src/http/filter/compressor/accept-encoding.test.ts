import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { chooseEncoding } from './accept-encoding.ts';

const GZIP = { encoding: 'gzip', chooseFirst: false };
const BROTLI = { encoding: 'br', chooseFirst: false };

test('the encoding of the greatest weight is chosen, of equal ones the first that the client names', () => {
  const choices = (offered: readonly (typeof GZIP)[], ...accepted: readonly string[]) =>
    accepted.map((value) => chooseEncoding(value, offered).encoding);
  assert.deepEqual(choices([GZIP, BROTLI], 'br, gzip', 'gzip, br', 'gzip;q=0.1, br', '*', 'deflate', 'br;q=0, *'), [
    'br',
    'gzip',
    'br',
    'gzip',
    'identity',
    'gzip',
  ]);
  assert.deepEqual(choices([GZIP, { ...BROTLI, chooseFirst: true }], 'gzip, br', 'gzip, br;q=0.9'), ['br', 'gzip']);
});

test('what is chosen is offered and not refused, whatever the client writes', () => {
  const name = fc.constantFrom('gzip', 'br', 'zstd', 'identity', '*', 'deflate', '');
  const weight = fc.constantFrom('', ';q=0', ';q=0.5', '; Q = 1', ';q=x', ';level=3', ';q=.3;a=b');
  const token = fc.tuple(name, weight).map((parts) => parts.join(''));
  const accepted = fc.array(token, { maxLength: 6 }).map((tokens) => tokens.join(','));
  const offered = fc.subarray([GZIP, BROTLI, { encoding: 'zstd', chooseFirst: true }]);
  fc.assert(
    fc.property(accepted, offered, (value, offers) => {
      const { encoding, why } = chooseEncoding(value, offers);
      if (encoding === 'identity') return;
      assert.ok(offers.some((offer) => offer.encoding === encoding));
      assert.ok(!value.split(',').includes(`${encoding};q=0`));
      assert.ok(why === 'wildcard' ? value.includes('*') : value.includes(encoding));
    }),
  );
});
