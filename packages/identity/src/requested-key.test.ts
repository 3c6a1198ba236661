import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import * as fc from 'fast-check';
import { certificateRequest } from './certificate-request.ts';
import { IdentityError } from './identity-error.ts';
import { requestedKey } from './requested-key.ts';

const directory = mkdtempSync(join(tmpdir(), 'meltemi-csr-'));
after(() => rmSync(directory, { recursive: true }));

const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const good = certificateRequest({ ...keys, uri: 'spiffe://cluster.local/ns/a/sa/b' });

function opensslRequest(key: readonly string[], ...more: readonly string[]): string {
  const out = ['-nodes', '-keyout', join(directory, 'key.pem'), '-subj', '/O=x', ...more];
  return execFileSync('openssl', ['req', '-new', '-newkey', ...key, ...out], { stdio: 'pipe' }).toString();
}

function refusal(code: string) {
  return (error: unknown) => error instanceof IdentityError && error.code === code;
}

for (const [name, key] of [
  ['RSA of 2048 bits', ['rsa:2048']],
  ['P-384', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384']],
] as const) {
  test(`takes ${name}`, () => assert.equal(requestedKey(opensslRequest(key)).type, 'public'));
}

for (const [name, key] of [
  ['RSA of 512 bits', ['rsa:512']],
  ['RSA of 1024 bits', ['rsa:1024']],
  ['P-521', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-521']],
  ['Ed25519', ['ed25519']],
] as const) {
  test(`refuses a key of ${name}`, () => assert.throws(() => requestedKey(opensslRequest(key)), refusal('BAD_KEY')));
}

test('a request for an authority gives its key and nothing else', () => {
  const csr = opensslRequest(
    ['rsa:2048'],
    '-addext',
    'basicConstraints=critical,CA:TRUE',
    '-addext',
    'subjectAltName=URI:spiffe://x/y',
  );
  assert.equal(requestedKey(csr).asymmetricKeyType, 'rsa');
});

test('refuses a request of 10 MB at once', () =>
  assert.throws(() => requestedKey(good + 'A'.repeat(10_000_000)), refusal('BAD_CSR')));

test('refuses none, two, and other kinds of PEM', () => {
  for (const csr of ['', good + good, good.replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE')]) {
    assert.throws(() => requestedKey(csr), refusal('BAD_CSR'));
  }
});

test('a request with a byte changed never gives another key', () => {
  const bytes = Buffer.from(good.replaceAll(/-----.*-----|\n/g, ''), 'base64');
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = Buffer.from(bytes);
      changed[at] = changed[at]! ^ flip;
      const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${changed.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
      const result = keyOrError(pem);
      assert.ok(result instanceof IdentityError || result.equals(keys.publicKey));
    }),
    { numRuns: 300 },
  );
});

test('any text is refused with a typed error', () => {
  fc.assert(
    fc.property(fc.base64String(), (body) =>
      assert.throws(
        () => requestedKey(`-----BEGIN CERTIFICATE REQUEST-----\n${body}\n-----END CERTIFICATE REQUEST-----\n`),
        IdentityError,
      ),
    ),
  );
});

function keyOrError(csr: string): KeyObject | IdentityError {
  try {
    return requestedKey(csr);
  } catch (error) {
    if (error instanceof IdentityError) return error;
    throw error;
  }
}
