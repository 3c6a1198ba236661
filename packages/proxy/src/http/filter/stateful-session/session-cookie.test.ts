import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeSessionCookie, encodeSessionCookie } from './session-cookie.ts';

test('what is encoded is decoded, and no bytes make the decoder throw', () => {
  const session = fc.record({ address: fc.string({ minLength: 1 }), expires: fc.integer({ min: 0, max: 2 ** 40 }) });
  fc.assert(
    fc.property(session, (given) => {
      assert.deepEqual(decodeSessionCookie(encodeSessionCookie(given)), {
        ...given,
        address: Buffer.from(given.address).toString(),
      });
    }),
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => void decodeSessionCookie(bytes)));
});
