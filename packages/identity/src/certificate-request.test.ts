import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { certificateRequest } from './certificate-request.ts';
import { der, derOid } from './der.ts';
import { requestedKey } from './requested-key.ts';
import { Pkcs10CertificateRequest } from './x509.ts';

const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const uri = 'spiffe://cluster.local/ns/default/sa/reviews';

test('a request carries its key and its hoped-for name, signed', () => {
  const pem = certificateRequest({ ...keys, uri });
  assert.ok(requestedKey(pem).equals(keys.publicKey));
  assert.deepEqual(
    Array.from(new Pkcs10CertificateRequest(pem).extensions, ({ type, critical }) => ({ type, critical })),
    [{ type: '2.5.29.17', critical: true }],
  );
});

test('OpenSSL reads and verifies a request', () => {
  const pem = certificateRequest({ ...keys, uri });
  const text = execFileSync('openssl', ['req', '-verify', '-noout', '-text'], { input: pem, stdio: 'pipe' }).toString();
  assert.match(text, /Subject Alternative Name: critical\s+URI:spiffe:\/\/cluster\.local\/ns\/default\/sa\/reviews/);
});

test('lengths are minimal and say how long the content is', () => {
  fc.assert(
    fc.property(fc.nat(70_000), (length) => {
      const bytes = der(0x04, Buffer.alloc(length));
      const header = bytes.subarray(1, bytes.length - length);
      const long = header[0]! >= 0x80;
      assert.equal(long, length >= 0x80);
      assert.equal(long ? Number(`0x${header.subarray(1).toString('hex')}`) : header[0], length);
      assert.equal(long && header[1] === 0, false);
    }),
    { numRuns: 50 },
  );
});

test('object identifiers have their known bytes', () => {
  assert.equal(derOid('1.2.840.113549.1.9.14').toString('hex'), '06092a864886f70d01090e');
  assert.equal(derOid('2.5.29.17').toString('hex'), '0603551d11');
});
