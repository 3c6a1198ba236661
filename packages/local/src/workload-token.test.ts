import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { createTokenIssuer, TOKEN_AUDIENCE, TOKEN_ISSUER } from './workload-token.ts';

test("a token has the shape of Kubernetes' bound tokens and is verified by the key set", async () => {
  const tokens = await createTokenIssuer();
  const pod = { podName: 'reviews-1', namespace: 'bookinfo', labels: {}, annotations: {}, serviceAccount: 'reader' };
  const now = 1_700_000_000_000;
  const keys = createLocalJWKSet(JSON.parse(tokens.keySet) as JSONWebKeySet);
  const { payload } = await jwtVerify(await tokens.issue(pod, now), keys, {
    issuer: TOKEN_ISSUER,
    audience: TOKEN_AUDIENCE,
    currentDate: new Date(now),
  });
  assert.deepEqual(payload, {
    'kubernetes.io': { namespace: 'bookinfo', pod: { name: 'reviews-1' }, serviceaccount: { name: 'reader' } },
    iss: TOKEN_ISSUER,
    aud: [TOKEN_AUDIENCE],
    sub: 'system:serviceaccount:bookinfo:reader',
    iat: now / 1000,
    exp: now / 1000 + 86_400,
  });
  assert.ok(!tokens.keySet.includes('"d"'), 'the private key stays here');
});
