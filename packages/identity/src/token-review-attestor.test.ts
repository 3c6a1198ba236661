// Only what the cluster vouches for, for our audience, is an identity.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { IdentityError } from './identity-error.ts';
import { tokenReviewAttestor } from './token-review-attestor.ts';

const GOOD = {
  authenticated: true,
  audiences: ['istio-ca'],
  user: { username: 'system:serviceaccount:default:reviews' },
};
const attestor = (status: unknown) =>
  tokenReviewAttestor({ trustDomain: 'cluster.local', review: () => Promise.resolve({ status }) });
const proof = { authorization: 'Bearer x' };

function isBadProof(error: unknown): boolean {
  return error instanceof IdentityError && error.code === 'BAD_PROOF';
}

test('a token that the cluster knows says who its pod is', async () => {
  const identity = { trustDomain: 'cluster.local', namespace: 'default', serviceAccount: 'reviews' };
  assert.deepEqual(await attestor(GOOD).attest(proof), identity);
  assert.equal(await attestor(GOOD).attest({}), undefined);
  assert.equal(await attestor(GOOD).attest({ authorization: 'Basic x' }), undefined);
});

for (const [name, status] of [
  ['refused', { ...GOOD, authenticated: false }],
  ['of another audience', { ...GOOD, audiences: ['api'] }],
  ['whose audience nobody checked', { authenticated: true, user: GOOD.user }],
  ['of a user', { ...GOOD, user: { username: 'alice' } }],
] as const) {
  test(`refuses a token ${name}`, async () => {
    await assert.rejects(attestor(status).attest(proof), isBadProof);
  });
}

test('refuses when the cluster does not answer, and whatever else it says', async () => {
  const review = () => Promise.reject(new Error('no answer'));
  await assert.rejects(tokenReviewAttestor({ trustDomain: 'cluster.local', review }).attest(proof), isBadProof);
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), (status) => assert.rejects(attestor(status).attest(proof), isBadProof)),
  );
});
