import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { ManualClock } from '@meltemi/base';
import { IssuanceLog, liveCertificates } from './issuance-log.ts';
import { readRevocations, revokeIdentity } from './revocations.ts';

const HOUR = 3_600_000;
const START = Date.parse('2026-03-01T22:00:00Z');
const REVIEWS = 'spiffe://cluster.local/ns/default/sa/reviews';
const RATINGS = 'spiffe://cluster.local/ns/default/sa/ratings';

async function setUp(t: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), 'meltemi-issued-'));
  const clock = new ManualClock(START);
  const log = new IssuanceLog(directory, clock);
  t.after(async () => {
    log.close();
    await rm(directory, { recursive: true });
  });
  const issue = (serialNumber: string, identity: string, lifeMs: number) =>
    log.record({ serialNumber, identity, caller: '', issuedAt: clock.now(), notAfter: clock.now() + lifeMs });
  return { directory, clock, issue };
}

test('an identity is taken back with every certificate of it that still lives, over days and restarts', async (t) => {
  const { directory, clock, issue } = await setUp(t);
  issue('01', REVIEWS, HOUR);
  issue('02', REVIEWS, 24 * HOUR);
  issue('03', RATINGS, 24 * HOUR);
  clock.advance(4 * HOUR);
  issue('04', REVIEWS, 24 * HOUR);
  await revokeIdentity(directory, REVIEWS, clock.now());
  const { certificates, identities } = await readRevocations(directory);
  assert.deepEqual(
    [certificates.map(({ serialNumber }) => serialNumber).sort(), identities],
    [['02', '04'], [REVIEWS]],
  );
});

test('a line that was cut off is left out, the others count', async (t) => {
  const { directory, clock, issue } = await setUp(t);
  issue('01', REVIEWS, HOUR);
  await appendFile(join(directory, 'issued/2026-03-01.jsonl'), '{"serialNumber":"02","ident');
  assert.equal((await liveCertificates(directory, REVIEWS, clock.now())).length, 1);
});

test('files of more than ninety days ago are removed', async (t) => {
  const { directory, clock, issue } = await setUp(t);
  issue('01', REVIEWS, HOUR);
  clock.advance(91 * 24 * HOUR);
  issue('02', REVIEWS, HOUR);
  assert.deepEqual(await readdir(join(directory, 'issued')), ['2026-05-31.jsonl']);
});

test('where nothing was issued, an identity is taken back alone', async (t) => {
  const { directory, clock } = await setUp(t);
  await revokeIdentity(directory, REVIEWS, clock.now());
  assert.deepEqual(await readRevocations(directory), { certificates: [], identities: [REVIEWS] });
});
