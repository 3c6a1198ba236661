import assert from 'node:assert/strict';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { ManualClock } from '@meltemi/base';
import { newRootContent, openCertificateAuthority } from './certificate-authority.ts';
import { IdentityError } from './identity-error.ts';
import { pemBlocks } from './pem.ts';
import { activateRoot, prepareRoot, revokeRoot, rootStatus, taintRoot } from './root-rotation.ts';

const START = Date.parse('2026-03-01T00:00:00Z');
const HOUR = 3_600_000;
const TRUST_DOMAIN = 'cluster.local';
const identity = { trustDomain: TRUST_DOMAIN, namespace: 'default', serviceAccount: 'reviews' };
const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const next = newRootContent(TRUST_DOMAIN, START + HOUR);

async function setUp(t: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), 'meltemi-rotation-'));
  t.after(() => rm(directory, { recursive: true }));
  const authority = await openCertificateAuthority({
    directory,
    trustDomain: TRUST_DOMAIN,
    clock: new ManualClock(START),
  });
  const leaf = async () => (await authority.issue({ publicKey, identity, ttlMs: HOUR })).chain[0]!;
  const states = async () => (await rootStatus(directory)).map(({ state }) => state);
  return { directory, authority, leaf, states };
}

/** Whether peers that trust these roots take the leaf. */
function isTrusted(leaf: string, roots: string): boolean {
  const certificate = new X509Certificate(leaf);
  return pemBlocks(roots, 'CERTIFICATE')
    .map((pem) => new X509Certificate(pem))
    .some((root) => certificate.checkIssued(root) && certificate.verify(root.publicKey));
}

test('at every step what is signed is trusted by those who know the step before and the one after', async (t) => {
  const { directory, authority, leaf, states } = await setUp(t);
  const seen = [{ roots: authority.roots, leaf: await leaf(), states: await states() }];
  for (const step of [() => prepareRoot(directory, next), activateRoot, taintRoot, revokeRoot]) {
    await step(directory);
    await authority.reload();
    seen.push({ roots: authority.roots, leaf: await leaf(), states: await states() });
  }
  assert.deepEqual(
    seen.map((one) => one.states),
    [['active'], ['active', 'prepared'], ['old', 'active'], ['tainted', 'active'], ['active']],
  );
  seen.forEach((one, step) => {
    for (const other of seen.slice(Math.max(0, step - 1), step + 2))
      assert.ok(isTrusted(one.leaf, other.roots), `${step}`);
  });
  assert.ok(!isTrusted(seen[0]!.leaf, seen.at(-1)!.roots), 'the old root is gone');
});

test('a tainted root is told as such', async (t) => {
  const { directory, authority } = await setUp(t);
  const old = authority.roots;
  await prepareRoot(directory, next);
  await activateRoot(directory);
  await taintRoot(directory);
  await authority.reload();
  assert.equal(authority.trust.tainted, old);
});

test('watchers hear of a change once, and of nothing when nothing changed', async (t) => {
  const { directory, authority } = await setUp(t);
  let heard = 0;
  const stop = authority.watch(() => heard++);
  await authority.reload();
  assert.equal(heard, 0);
  await prepareRoot(directory, next);
  await authority.reload();
  await authority.reload();
  assert.equal(heard, 1);
  stop();
  await activateRoot(directory);
  await authority.reload();
  assert.equal(heard, 1);
});

test('steps out of order are refused, and change nothing', async (t) => {
  const { directory, states } = await setUp(t);
  const refused = (step: Promise<void>, why: RegExp) =>
    assert.rejects(step, (error) => error instanceof IdentityError && why.test(error.message));
  await refused(activateRoot(directory), /no root is prepared/);
  await refused(taintRoot(directory), /no root is old/);
  await refused(revokeRoot(directory), /no root is old/);
  await prepareRoot(directory, next);
  await refused(prepareRoot(directory, next), /prepared already/);
  await activateRoot(directory);
  await refused(revokeRoot(directory), /not tainted/);
  await refused(prepareRoot(directory, next), /not over/);
  assert.deepEqual(await states(), ['old', 'active']);
});

test('an activation that was cut off between its two steps is neither old nor lost', async (t) => {
  const { directory, states } = await setUp(t);
  await prepareRoot(directory, next);
  await copyFile(join(directory, 'ca-key.pem'), join(directory, 'old-ca-key.pem'));
  assert.deepEqual(await states(), ['active', 'prepared']);
  await assert.rejects(revokeRoot(directory), /no root is old/);
  await activateRoot(directory);
  assert.deepEqual(await states(), ['old', 'active']);
});

test('a directory that lost its files while the authority runs makes no new root', async (t) => {
  const { directory, authority } = await setUp(t);
  const before = authority.roots;
  await rm(join(directory, 'root-cert.pem'));
  await rm(join(directory, 'ca-key.pem'));
  await assert.rejects(authority.reload(), /root-cert.pem is gone/);
  assert.equal(authority.roots, before);
});
