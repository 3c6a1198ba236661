// Holds the 64-bit hashes to published values, and to the same arithmetic on BigInt.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatHash64, type Hash64, murmurHash2, remainder64, xxHash64 } from './hash64.ts';

const big = (hash: Hash64): bigint => (BigInt(hash.high) << 32n) | BigInt(hash.low);
const mask = (value: bigint): bigint => BigInt.asUintN(64, value);
const left = (value: bigint, bits: bigint): bigint => mask((value << bits) | (value >> (64n - bits)));

const P = [
  0x9e3779b185ebca87n,
  0xc2b2ae3d27d4eb4fn,
  0x165667b19e3779f9n,
  0x85ebca77c2b2ae63n,
  0x27d4eb2f165667c5n,
] as const;

function naiveXx(bytes: Buffer, seed: bigint): bigint {
  const round = (lane: bigint, input: bigint) => mask(left(mask(lane + input * P[1]), 31n) * P[0]);
  let at = 0;
  let hash = mask(seed + P[4]);
  if (bytes.length >= 32) {
    const lanes = [mask(seed + P[0] + P[1]), mask(seed + P[1]), seed, mask(seed - P[0])];
    for (; at + 32 <= bytes.length; at += 32)
      for (let lane = 0; lane < 4; lane++) lanes[lane] = round(lanes[lane]!, bytes.readBigUInt64LE(at + 8 * lane));
    hash = mask([1n, 7n, 12n, 18n].reduce((sum, bits, lane) => sum + left(lanes[lane]!, bits), 0n));
    for (const lane of lanes) hash = mask((hash ^ round(0n, lane)) * P[0] + P[3]);
  }
  hash = mask(hash + BigInt(bytes.length));
  for (; at + 8 <= bytes.length; at += 8)
    hash = mask(left(hash ^ round(0n, bytes.readBigUInt64LE(at)), 27n) * P[0] + P[3]);
  if (at + 4 <= bytes.length) {
    hash = mask(left(hash ^ mask(BigInt(bytes.readUInt32LE(at)) * P[0]), 23n) * P[1] + P[2]);
    at += 4;
  }
  for (; at < bytes.length; at++) hash = mask(left(hash ^ mask(BigInt(bytes[at]!) * P[4]), 11n) * P[0]);
  hash = mask((hash ^ (hash >> 33n)) * P[1]);
  hash = mask((hash ^ (hash >> 29n)) * P[2]);
  return hash ^ (hash >> 32n);
}

test('XXH64 gives its published values', () => {
  assert.equal(formatHash64(xxHash64('')), 'ef46db3751d8e999');
  assert.equal(formatHash64(xxHash64('a')), 'd24ec4f1a98c6e5b');
  assert.equal(formatHash64(xxHash64('abc')), '44bc2cf5ad770999');
});

test('XXH64 is what 64-bit arithmetic gives, for bytes of any length and seed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat({ max: 0xffff_ffff }), (bytes, seed) => {
      const buffer = Buffer.from(bytes);
      assert.equal(big(xxHash64(buffer.latin1Slice(), seed)), naiveXx(buffer, BigInt(seed)));
    }),
    { numRuns: 500 },
  );
});

test('a hash can seed the next one', () => {
  const first = xxHash64('one');
  assert.equal(big(xxHash64('two', first)), naiveXx(Buffer.from('two'), big(first)));
});

test('MurmurHash2 gives the values of std::hash', () => {
  assert.equal(big(murmurHash2('')), 6142509188972423790n);
  assert.equal(big(murmurHash2('a')), 4993892634952068459n);
});

test('a remainder is that of the whole number', () => {
  const half = fc.nat({ max: 0xffff_ffff });
  fc.assert(
    fc.property(half, half, fc.integer({ min: 1, max: 5_000_011 }), (high, low, divisor) => {
      assert.equal(BigInt(remainder64({ high, low }, divisor)), big({ high, low }) % BigInt(divisor));
    }),
  );
});
