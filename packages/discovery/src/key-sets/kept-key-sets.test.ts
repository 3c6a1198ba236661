import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { ManualClock, silentLogger } from '@meltemi/base';
import { KEPT_MS, KeySetStore } from './key-set-store.ts';
import { KeptKeySets } from './kept-key-sets.ts';

const KEYS = JSON.stringify({ keys: [{ kty: 'oct', k: 'b25l' }] });
const SOURCE = { issuer: 'shop', uri: 'https://shop/keys', timeoutMs: 5000 };
const NAME = 'uri https://shop/keys';

async function directory(t: TestContext): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'key-sets-'));
  t.after(() => rm(made, { recursive: true }));
  return made;
}

/** What a control plane that starts at this time has of the issuer, who answers or is away. */
async function startAt(folder: string, now: number, answer: string | undefined) {
  const clock = new ManualClock(now);
  const kept = await KeptKeySets.open(folder, { oldest: now - KEPT_MS, now });
  const fetch = () => (answer === undefined ? Promise.reject(new Error('away')) : Promise.resolve(answer));
  const store = new KeySetStore({ fetch, clock, logger: silentLogger, kept });
  store.want([SOURCE]);
  await store.asked();
  const found = [store.view().get(NAME), store.problems().map(({ severity }) => severity)];
  await store.close();
  return found;
}

const START = Date.UTC(2030, 0, 1);

test('keys are there after a restart while their issuer is away, and it is said', async (t) => {
  const folder = await directory(t);
  assert.deepEqual(await startAt(folder, START, undefined), [undefined, ['error']]);
  assert.deepEqual(await startAt(folder, START, KEYS), [KEYS, []]);
  assert.deepEqual(await startAt(folder, START + KEPT_MS - 1, undefined), [KEYS, ['warning']]);
});

test('keys that are too old, of the future or spoilt are none, and their files go', async (t) => {
  for (const now of [START + KEPT_MS + 1, START - 1]) {
    const folder = await directory(t);
    await startAt(folder, START, KEYS);
    assert.deepEqual(await startAt(folder, now, undefined), [undefined, ['error']]);
    assert.deepEqual(await readdir(folder), []);
  }
  const folder = await directory(t);
  await startAt(folder, START, KEYS);
  const [name] = await readdir(folder);
  for (const text of ['', '{}', '{"source":"uri https://shop/keys","keys":"{}","fetchedAt":1893456000000}']) {
    await writeFile(join(folder, name!), text);
    assert.deepEqual(await startAt(folder, START, undefined), [undefined, ['error']], text);
  }
});
