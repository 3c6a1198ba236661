import assert from 'node:assert/strict';
import { createHash, createPublicKey, type JsonWebKeyInput } from 'node:crypto';
import { test } from 'node:test';
import { UNUSABLE_KEY_SET } from './unusable-key-set.ts';

const P = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;

test('the key of the unusable key set is a point that a hash chose, so that nobody has its private key', () => {
  const [key] = (JSON.parse(UNUSABLE_KEY_SET) as { keys: (JsonWebKeyInput['key'] & Record<string, string>)[] }).keys;
  const { x, y } = hashedPoint('nobody has the private key of this point');
  assert.deepEqual(key, { kty: 'EC', crv: 'P-256', alg: 'ES256', x: base64url(x), y: base64url(y) });
  assert.equal(createPublicKey({ key, format: 'jwk' }).asymmetricKeyType, 'ec');
});

/** The first hash of the words and a number that is the `x` of a point of P-256, with the even one of its two `y`. */
function hashedPoint(words: string): { readonly x: bigint; readonly y: bigint } {
  for (let number = 0; ; number++) {
    const x = BigInt(`0x${createHash('sha256').update(`${words} ${number}`).digest('hex')}`);
    const square = (((x ** 3n - 3n * x + B) % P) + P) % P;
    const y = power(square, (P + 1n) / 4n);
    if (x < P && (y * y) % P === square) return { x, y: y % 2n === 0n ? y : P - y };
  }
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let [factor, rest] = [base, exponent]; rest > 0n; rest >>= 1n, factor = (factor * factor) % P) {
    if (rest & 1n) result = (result * factor) % P;
  }
  return result;
}

function base64url(value: bigint): string {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex').toString('base64url');
}
