import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, test } from 'node:test';
import { certificateNames } from './certificate-names.ts';
import { peerIdentity } from './peer-identity.ts';
import { testAuthority } from './test-certificates.ts';

const authority = testAuthority();
after(() => authority.close());

const der = (name: string) => new X509Certificate(authority.issue(name).certificate).raw;

test('says of a certificate what it says itself, the second time as the first', () => {
  const raw = der('URI:spiffe://td/ns/a/sa/b,DNS:a.example');
  const certificate = new X509Certificate(raw);
  const expected = {
    names: certificateNames(raw),
    subject: certificate.subject,
    sha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
  };
  assert.deepEqual(peerIdentity(raw), expected);
  assert.equal(peerIdentity(Buffer.from(raw)), peerIdentity(raw));
});

test('tells two certificates apart that differ in a name', () => {
  const [one, other] = [der('URI:spiffe://td/ns/a/sa/b'), der('URI:spiffe://td/ns/a/sa/c')];
  assert.deepEqual(peerIdentity(one).names.uris, ['spiffe://td/ns/a/sa/b']);
  assert.deepEqual(peerIdentity(other).names.uris, ['spiffe://td/ns/a/sa/c']);
});

test('refuses malformed bytes every time', () => {
  for (let round = 0; round < 2; round++) assert.throws(() => peerIdentity(Buffer.from('0000', 'hex')));
});
