import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { IdentityError } from './identity-error.ts';
import { svidIdentity } from './svid.ts';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from './x509.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
const pair = {
  privateKey: createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' })).toCryptoKey(algorithm, true, [
    'sign',
  ]),
  publicKey: publicKey.toCryptoKey(algorithm, true, ['verify']),
};

const uri = { type: 'url' as const, value: 'spiffe://cluster.local/ns/default/sa/reviews' };
const names = new SubjectAlternativeNameExtension([uri], true);
const usage = new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true);
const purposes = new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]);

async function certificate(extensions: readonly Extension[], subject?: string): Promise<Buffer> {
  const made = await X509CertificateGenerator.createSelfSigned({
    keys: pair,
    ...(subject && { name: subject }),
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    extensions: [...extensions],
  });
  return Buffer.from(made.rawData);
}

function named(...values: readonly string[]): SubjectAlternativeNameExtension {
  return new SubjectAlternativeNameExtension(
    values.map((value) => ({ type: 'url' as const, value })),
    true,
  );
}

const SVIDS: readonly (readonly [string, readonly Extension[]])[] = [
  ['the usual extensions', [names, usage, purposes]],
  ['no extended key usage', [names, usage]],
  ['DNS names beside the URI', [new SubjectAlternativeNameExtension([uri, { type: 'dns', value: 'x' }], true), usage]],
];
for (const [name, extensions] of SVIDS) {
  test(`takes a certificate with ${name}`, async () => {
    const identity = { trustDomain: 'cluster.local', namespace: 'default', serviceAccount: 'reviews' };
    assert.deepEqual(svidIdentity(await certificate(extensions)), identity);
  });
}

const REFUSED: readonly (readonly [string, readonly Extension[]])[] = [
  ['two URI names', [named(uri.value, 'spiffe://cluster.local/ns/a/sa/b'), usage]],
  ['no names', [usage]],
  ['only DNS names', [new SubjectAlternativeNameExtension([{ type: 'dns', value: 'x' }], true), usage]],
  ['a SPIFFE ID without a path', [named('spiffe://cluster.local'), usage]],
  ['dot segments', [named('spiffe://cluster.local/ns/a/sa/b/../c'), usage]],
  ['an escape', [named('spiffe://cluster.local/ns/a/sa/b%2fc'), usage]],
  ['an upper-case trust domain', [named('spiffe://Cluster.local/ns/a/sa/b'), usage]],
  ['a trailing slash', [named('spiffe://cluster.local/ns/a/sa/b/'), usage]],
  ['a NUL inside the name', [named('spiffe://cluster.local/ns/a/sa/b\0.evil'), usage]],
  ['the powers of an authority', [names, usage, new BasicConstraintsExtension(true, undefined, true)]],
  ['keyCertSign', [names, new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyCertSign, true)]],
  ['cRLSign', [names, new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.cRLSign, true)]],
  ['no key usage', [names]],
  ['key usage that is not critical', [names, new KeyUsagesExtension(KeyUsageFlags.digitalSignature, false)]],
  ['no digitalSignature', [names, new KeyUsagesExtension(KeyUsageFlags.keyEncipherment, true)]],
  [
    'an extended key usage for servers only',
    [names, usage, new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth])],
  ],
  ['names twice', [names, usage, named('spiffe://cluster.local/ns/a/sa/b')]],
  ['no subject and names that are not critical', [new SubjectAlternativeNameExtension([uri], false), usage]],
];
for (const [name, extensions] of REFUSED) {
  test(`refuses a certificate with ${name}`, async () => {
    const der = await certificate(extensions);
    assert.throws(() => svidIdentity(der), IdentityError);
  });
}

test('refuses bytes that are no certificate', async () => {
  const der = await certificate([names, usage]);
  for (const bytes of [Buffer.alloc(0), der.subarray(0, 100), Buffer.from('x')]) {
    assert.throws(() => svidIdentity(bytes), IdentityError);
  }
});
