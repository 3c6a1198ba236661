import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testAuthority } from './test-certificates.ts';
import { withIssuers } from './issued-chain.ts';

test('a certificate that stands alone gets its issuer, where the roots have it', (context) => {
  const [authority, other] = [testAuthority(), testAuthority()];
  context.after(() => {
    authority.close();
    other.close();
  });
  const { certificate, key } = authority.issue('URI:spiffe://td/ns/a/sa/b');
  const chainWith = (chain: string, trustedCa: string | undefined) => {
    const [pair] = withIssuers({ keyPairs: [{ certificateChain: chain, key }], trustedCa });
    assert.equal(pair!.key, key);
    return pair!.certificateChain.trim().split(/(?<=-----END CERTIFICATE-----)\s*/);
  };
  const [own, root] = [certificate.trim(), authority.root.trim()];
  assert.deepEqual(chainWith(certificate, `${other.root}\n${authority.root}`), [own, root]);
  assert.deepEqual(chainWith(certificate, other.root), [own]);
  assert.deepEqual(chainWith(certificate, undefined), [own]);
  assert.deepEqual(chainWith(`${certificate}\n${other.root}`, authority.root), [own, other.root.trim()]);
  assert.deepEqual(chainWith(authority.root, authority.root), [root]);
});
