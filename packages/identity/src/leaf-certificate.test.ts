import assert from 'node:assert/strict';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { signLeaf } from './leaf-certificate.ts';
import { readSigner, signRoot } from './signer.ts';
import {
  AuthorityKeyIdentifierExtension,
  ParsedCertificate,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
} from './x509.ts';

const DAY = 86_400_000;
const START = Date.parse('2026-03-01T00:00:00Z');
const rootKeys = {
  ec: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
};
const leafKeys = {
  ec: generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey,
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey,
};
const content = { organization: 'cluster.local', notBefore: START, notAfter: START + 40_000 * DAY };

async function signerOf(kind: 'ec' | 'rsa') {
  const key = rootKeys[kind];
  return readSigner(key.export({ type: 'pkcs8', format: 'pem' }), await signRoot(key, content));
}

const signers = { ec: await signerOf('ec'), rsa: await signerOf('rsa') };
const label = fc.stringMatching(/^[a-z0-9]{1,20}$/);
const names = fc.oneof(
  fc
    .tuple(label, label)
    .map(([namespace, account]) => [
      { type: 'url' as const, value: `spiffe://cluster.local/ns/${namespace}/sa/${account}` },
    ]),
  fc.array(
    fc.oneof(
      label.map((value) => ({ type: 'dns' as const, value: `${value}.svc` })),
      fc.ipV4().map((value) => ({ type: 'ip' as const, value })),
      fc.ipV6().map((value) => ({ type: 'ip' as const, value })),
    ),
    { minLength: 1, maxLength: 4 },
  ),
);

test('OpenSSL and a library read from a leaf what was put there, whoever signs it and whatever its key', () => {
  const kinds = fc.constantFrom('ec' as const, 'rsa' as const);
  const days = fc.integer({ min: 1, max: 20_000 });
  fc.assert(
    fc.property(kinds, kinds, names, fc.boolean(), days, (signs, key, wanted, client, life) => {
      const signer = signers[signs];
      const leaf = { publicKey: leafKeys[key], names: wanted, client, notBefore: START, notAfter: START + life * DAY };
      const { pem, serialNumber } = signLeaf(signer, leaf);
      const seen = new X509Certificate(pem);
      const root = new X509Certificate(signer.certificate);
      assert.ok(seen.checkIssued(root) && seen.verify(root.publicKey));
      assert.equal(seen.serialNumber.toLowerCase(), serialNumber);
      assert.deepEqual(
        [seen.validFromDate.getTime(), seen.validToDate.getTime(), seen.ca, seen.subject],
        [leaf.notBefore, leaf.notAfter, false, undefined],
      );
      assert.deepEqual(seen.keyUsage, client ? ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'] : ['1.3.6.1.5.5.7.3.1']);
      assert.ok(seen.publicKey.equals(leaf.publicKey));
      const parsed = new ParsedCertificate(pem);
      const alternative = parsed.getExtension(SubjectAlternativeNameExtension)!;
      assert.ok(alternative.critical);
      assert.deepEqual(
        alternative.names.items.map(({ type, value }) => [type, canonical(type, value)]),
        wanted.map(({ type, value }) => [type, canonical(type, value)]),
      );
      const authority = new ParsedCertificate(signer.certificate).getExtension(SubjectKeyIdentifierExtension)!;
      assert.equal(parsed.getExtension(AuthorityKeyIdentifierExtension)!.keyId, authority.keyId);
    }),
    { numRuns: 60 },
  );
});

/** Addresses are written in more than one way. */
function canonical(type: string, value: string): string {
  return type === 'ip' && value.includes(':') ? new URL(`http://[${value}]/`).hostname : value;
}
