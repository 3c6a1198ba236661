import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { ManualClock } from '@meltemi/base';
import { exportJWK, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { firstAttestor } from './attestor.ts';
import { certificateAttestor } from './certificate-attestor.ts';
import { openCertificateAuthority } from './certificate-authority.ts';
import { IdentityError } from './identity-error.ts';
import { tokenAttestor } from './token-attestor.ts';

const START = Date.parse('2026-03-01T00:00:00Z');
const HOUR = 3_600_000;
const ISSUER = 'mesh.meltemi.io';
const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(keys.publicKey)), alg: 'ES256' }] });
const identity = { trustDomain: 'cluster.local', namespace: 'default', serviceAccount: 'reviews' };
const claims: JWTPayload = {
  iss: ISSUER,
  sub: 'system:serviceaccount:default:reviews',
  aud: ['istio-ca'],
  exp: START / 1000 + 3600,
  'kubernetes.io': { namespace: 'default', pod: { name: 'reviews-1' }, serviceaccount: { name: 'reviews' } },
};

function tokens(clock = new ManualClock(START)) {
  return tokenAttestor({ jwks, issuer: ISSUER, trustDomain: 'cluster.local', clock });
}

async function bearer(payload: JWTPayload, key: KeyObject = keys.privateKey): Promise<string> {
  return `Bearer ${await new SignJWT(payload).setProtectedHeader({ alg: 'ES256' }).sign(key)}`;
}

function isBadProof(error: unknown): boolean {
  return error instanceof IdentityError && error.code === 'BAD_PROOF';
}

test('a token says who its pod is', async () => {
  assert.deepEqual(await tokens().attest({ authorization: await bearer(claims) }), identity);
});

for (const [name, change] of [
  ['of another audience', { aud: ['kubernetes.default.svc'] }],
  ['without an audience', { aud: undefined }],
  ['that has expired', { exp: START / 1000 - 1 }],
  ['without an end', { exp: undefined }],
  ['that is not valid yet', { nbf: START / 1000 + 60 }],
  ['of a user', { sub: 'alice' }],
  ['of a service account with a slash', { sub: 'system:serviceaccount:default:a/b' }],
  ['of a service account with a further part', { sub: 'system:serviceaccount:default:a:b' }],
  [
    'whose binding names another account',
    { 'kubernetes.io': { namespace: 'default', serviceaccount: { name: 'admin' } } },
  ],
  ['whose binding names another namespace', { 'kubernetes.io': { namespace: 'kube-system' } }],
] as const) {
  test(`refuses a token ${name}`, async () => {
    await assert.rejects(
      tokens().attest({ authorization: await bearer({ ...claims, ...change } as JWTPayload) }),
      isBadProof,
    );
  });
}

test('refuses a token of the right name with the wrong key, or with no key', async () => {
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  await assert.rejects(tokens().attest({ authorization: await bearer(claims, other) }), isBadProof);
  await assert.rejects(tokens().attest({ authorization: `Bearer ${new UnsecuredJWT(claims).encode()}` }), isBadProof);
});

test('refuses a token signed with the public key as a shared secret', async () => {
  const secret = Buffer.from(keys.publicKey.export({ type: 'spki', format: 'pem' }));
  const token = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(secret);
  await assert.rejects(tokens().attest({ authorization: `Bearer ${token}` }), isBadProof);
});

test('a token of another cluster is unknown here', async () => {
  assert.equal(await tokens().attest({ authorization: await bearer({ ...claims, iss: 'other' }) }), undefined);
});

test('no token, another scheme: nothing is proved', async () => {
  assert.equal(await tokens().attest({}), undefined);
  assert.equal(await tokens().attest({ authorization: 'Basic eDp5' }), undefined);
});

test('a token ends with the clock', async () => {
  const clock = new ManualClock(START);
  const authorization = await bearer(claims);
  const attestor = tokens(clock);
  clock.advance(HOUR + 1000);
  await assert.rejects(attestor.attest({ authorization }), isBadProof);
});

test('a token ends with its pod', async () => {
  const pods = new Set(['default/reviews-1']);
  const podExists = (namespace: string, pod: string) => pods.has(`${namespace}/${pod}`);
  const clock = new ManualClock(START);
  const attestor = tokenAttestor({ jwks, issuer: ISSUER, trustDomain: 'cluster.local', clock, podExists });
  const authorization = await bearer(claims);
  assert.deepEqual(await attestor.attest({ authorization }), identity);
  pods.clear();
  await assert.rejects(attestor.attest({ authorization }), isBadProof);
});

async function authorityIn(t: TestContext, clock: ManualClock, trustDomain = 'cluster.local') {
  const directory = await mkdtemp(join(tmpdir(), 'meltemi-attest-'));
  t.after(() => rm(directory, { recursive: true }));
  return openCertificateAuthority({ directory, trustDomain, clock });
}

async function svid(authority: Awaited<ReturnType<typeof authorityIn>>): Promise<Buffer> {
  const issued = await authority.issue({
    publicKey: keys.publicKey,
    identity: { ...identity, trustDomain: authority.trustDomain },
    ttlMs: HOUR,
  });
  return new X509Certificate(issued.chain[0]!).raw;
}

test('a certificate of our authority says who its holder is, until it ends', async (t) => {
  const clock = new ManualClock(START);
  const authority = await authorityIn(t, clock);
  const attestor = certificateAttestor({ authority, clock });
  const peerCertificate = await svid(authority);
  assert.deepEqual(await attestor.attest({ peerCertificate }), identity);
  clock.advance(HOUR + 1000);
  await assert.rejects(attestor.attest({ peerCertificate }), isBadProof);
});

test('refuses a certificate a second before it begins', async (t) => {
  const clock = new ManualClock(START);
  const authority = await authorityIn(t, clock);
  const attestor = certificateAttestor({ authority, clock: new ManualClock(START - 121_000) });
  await assert.rejects(attestor.attest({ peerCertificate: await svid(authority) }), isBadProof);
});

test('refuses the right name under the wrong root, and the root itself', async (t) => {
  const clock = new ManualClock(START);
  const authority = await authorityIn(t, clock);
  const attestor = certificateAttestor({ authority, clock });
  const stranger = await authorityIn(t, clock);
  await assert.rejects(attestor.attest({ peerCertificate: await svid(stranger) }), isBadProof);
  await assert.rejects(attestor.attest({ peerCertificate: new X509Certificate(authority.roots).raw }), isBadProof);
});

test('refuses another trust domain, whoever signed it', async (t) => {
  const clock = new ManualClock(START);
  const other = await authorityIn(t, clock, 'other.local');
  const attestor = certificateAttestor({ authority: { ...other, trustDomain: 'cluster.local' }, clock });
  await assert.rejects(attestor.attest({ peerCertificate: await svid(other) }), isBadProof);
});

test('the first attestor that knows the proof decides; with nothing shown nobody does', async (t) => {
  const clock = new ManualClock(START);
  const attestor = firstAttestor([tokens(), certificateAttestor({ authority: await authorityIn(t, clock), clock })]);
  assert.equal(await attestor.attest({}), undefined);
  assert.deepEqual(await attestor.attest({ authorization: await bearer(claims) }), identity);
});
