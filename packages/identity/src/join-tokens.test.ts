import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { ManualClock } from '@meltemi/base';
import { createJoinToken, joinTokenAttestor } from './join-tokens.ts';

const HOUR = 3_600_000;
const identity = { trustDomain: 'cluster.local', namespace: 'legacy', serviceAccount: 'database' };

async function setUp(t: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), 'meltemi-join-'));
  t.after(() => rm(directory, { recursive: true }));
  const clock = new ManualClock(Date.parse('2026-03-01T00:00:00Z'));
  const attestor = joinTokenAttestor({ directory, clock });
  const make = () => createJoinToken(directory, { identity, ttlMs: HOUR, now: clock.now() });
  const show = (token: string) => attestor.attest({ authorization: `Bearer ${token}` });
  return { directory, clock, make, show };
}

test('a token proves its identity once', async (t) => {
  const { make, show } = await setUp(t);
  const token = await make();
  assert.deepEqual(await show(token), identity);
  await assert.rejects(show(token), /used before/);
});

test('of two who show it at once, one gets in', async (t) => {
  const { make, show } = await setUp(t);
  const token = await make();
  const outcomes = await Promise.allSettled([show(token), show(token), show(token)]);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'rejected'],
  );
});

test('an expired token is refused, and so is one that was never made', async (t) => {
  const { make, show, clock } = await setUp(t);
  const token = await make();
  clock.advance(HOUR);
  await assert.rejects(show(token), /expired/);
  await assert.rejects(show(`meltemi-join.${'A'.repeat(43)}`), /unknown/);
});

test('tokens of another kind are left to others, and the file holds no token', async (t) => {
  const { directory, make, show } = await setUp(t);
  const token = await make();
  assert.equal(await show('ey.an.other'), undefined);
  assert.ok(!(await readFile(join(directory, 'join-tokens.json'), 'utf8')).includes(token.slice(13)));
});

test('a file that is no list lets nobody in', async (t) => {
  const { directory, make, show } = await setUp(t);
  const token = await make();
  await writeFile(join(directory, 'join-tokens.json'), '{}');
  await assert.rejects(show(token), /no list of join tokens/);
});
