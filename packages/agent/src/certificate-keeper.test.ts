import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createLogger, ManualClock } from '@meltemi/base';
import { openCertificateAuthority } from '@meltemi/identity';
import { CertificateKeeper } from './certificate-keeper.ts';
import { SecretStore } from './secret-store.ts';

const HOUR = 3_600_000;
const identity = { trustDomain: 'cluster.local', namespace: 'default', serviceAccount: 'reviews' };

/** A keeper over a real authority that can go away, with a dice that always rolls the middle. */
async function setUp(t: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), 'mesh-keeper-'));
  t.after(() => rm(directory, { recursive: true }));
  const clock = new ManualClock(Date.parse('2026-03-01T00:00:00Z'));
  const authority = await openCertificateAuthority({ directory, trustDomain: 'cluster.local', clock });
  const lines: string[] = [];
  const store = new SecretStore();
  const state = { away: false, asWho: identity, calls: 0 };
  const keeper = new CertificateKeeper({
    identity,
    ttlMs: HOUR,
    store,
    clock,
    dice: { roll: () => 0.5 },
    logger: createLogger({ level: 'info', write: (line) => lines.push(line), now: () => 0 }),
    async createCertificate(csr, ttlMs) {
      state.calls++;
      if (state.away) throw new Error('authority is away');
      const publicKey = await authority.requestedKey(csr);
      return (await authority.issue({ publicKey, identity: state.asWho, ttlMs })).chain;
    },
  });
  t.after(() => keeper.close());
  return { clock, keeper, store, lines, state };
}

/** Resolves with the next change of the store. */
function change(store: SecretStore): Promise<void> {
  return new Promise((resolve) => {
    const stop = store.watch(() => {
      stop();
      resolve();
    });
  });
}

/** Moves the clock to its next timer again and again until `done`; each step lets what it started settle. */
async function advanceUntil(clock: ManualClock, stepMs: number, done: () => boolean): Promise<void> {
  for (let step = 0; step < 10_000 && !done(); step++) {
    clock.advance(stepMs);
    // A keeper that waits for no time is at work: making a key takes a thread, and as long as it takes.
    do await new Promise((resolve) => setImmediate(resolve));
    while (clock.pending === 0);
  }
  assert.ok(done());
}

test('asks at once, with a key of its own', async (t) => {
  const { keeper, store } = await setUp(t);
  await keeper.start();
  const leaf = new X509Certificate(store.current!.certificateChain);
  assert.equal(leaf.subjectAltName, 'URI:spiffe://cluster.local/ns/default/sa/reviews');
  assert.equal(store.version, 1);
});

test('renews at half of the life, with a new key', async (t) => {
  const { keeper, store, clock } = await setUp(t);
  await keeper.start();
  const first = store.current!;
  clock.advance(HOUR / 2 - 1000);
  assert.equal(store.current, first);
  const renewed = change(store);
  clock.advance(1000);
  await renewed;
  assert.notEqual(store.current.privateKey, first.privateKey);
  assert.ok(store.current.notAfter > first.notAfter);
});

test('keeps the last good certificate while the authority is away, says when it expires, and recovers', async (t) => {
  const { keeper, store, clock, lines, state } = await setUp(t);
  await keeper.start();
  const first = store.current!;
  state.away = true;
  await advanceUntil(clock, 10_000, () => keeper.failures >= 10);
  assert.equal(store.current, first);
  assert.equal(keeper.expired, false);
  await advanceUntil(clock, 60_000, () =>
    lines.some((line) => line.includes('error\tcertificate\tthe certificate has expired')),
  );
  assert.equal(keeper.expired, true);
  assert.equal(lines.filter((line) => line.includes('has expired')).length, 1);
  state.away = false;
  const renewed = change(store);
  clock.advance(10_000);
  await renewed;
  assert.deepEqual([keeper.expired, keeper.failures], [false, 0]);
});

test('asks again ever more slowly, every 10 s at the slowest', async (t) => {
  const { keeper, clock, state, lines } = await setUp(t);
  state.away = true;
  await keeper.start();
  await advanceUntil(clock, 10, () => state.calls === 10);
  const delays = lines.map((line) => Number(/again in (\d+) ms/.exec(line)?.[1]));
  assert.deepEqual(delays, [75, 150, 300, 600, 1200, 2400, 4800, 7500, 7500, 7500]);
});

test('takes no certificate for another name', async (t) => {
  const { keeper, store, state, lines } = await setUp(t);
  state.asWho = { ...identity, serviceAccount: 'admin' };
  await keeper.start();
  assert.equal(store.current, undefined);
  assert.match(lines.join(''), /the answer is not for spiffe:\/\/cluster\.local\/ns\/default\/sa\/reviews/);
});

test('no key is ever in the log', async (t) => {
  const { keeper, store, lines } = await setUp(t);
  await keeper.start();
  assert.ok(!lines.join('').includes(store.current!.privateKey.slice(40, 80)));
});
