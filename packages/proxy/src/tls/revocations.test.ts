import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { revocations } from './revocations.ts';
import { testAuthority } from './test-certificates.ts';

const [ours, theirs] = [testAuthority(), testAuthority()];
after(() => [ours, theirs].forEach((authority) => authority.close()));
const der = (pem: string) => new X509Certificate(pem).raw;
const [kept, taken] = ['kept', 'taken'].map((name) => ours.issue(`URI:spiffe://td/${name}`).certificate);
const list = ours.revocationList(taken!);

test('a certificate is on the list of its own authority, or on none', () => {
  const found = revocations(`${theirs.revocationList()}${list}`);
  assert.deepEqual(
    [kept!, taken!].map((pem) => found.has(der(pem))),
    [false, true],
  );
  assert.deepEqual(
    [revocations(undefined).any, revocations(ours.revocationList()).any, found.any],
    [false, false, true],
  );
});

test('a list that was changed is read or refused, and nothing else happens', () => {
  const bytes = Buffer.from(list.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
  const pemOf = (changed: Buffer) =>
    `-----BEGIN X509 CRL-----\n${changed.toString('base64')}\n-----END X509 CRL-----\n`;
  const place = fc.nat(bytes.length - 1);
  fc.assert(
    fc.property(place, fc.nat(255), place, (at, value, end) => {
      const changed = Buffer.from(bytes);
      changed[at] = value;
      for (const one of [changed, changed.subarray(0, end)]) {
        try {
          revocations(pemOf(one)).has(der(kept!));
        } catch (error) {
          assert.equal((error as { readonly code?: string }).code, 'BAD_CERTIFICATE');
        }
      }
    }),
  );
});
