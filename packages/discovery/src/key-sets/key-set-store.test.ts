import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { ManualClock, silentLogger } from '@meltemi/base';
import type { KeySetSource } from './key-set-source.ts';
import { KeySetStore } from './key-set-store.ts';

const KEYS = JSON.stringify({ keys: [{ kty: 'oct', k: 'b25l' }] });
const OTHER = JSON.stringify({ keys: [{ kty: 'oct', k: 'dHdv' }] });
const SOURCE: KeySetSource = { issuer: 'shop', uri: 'https://shop/keys', timeoutMs: 5000 };
const DAY_MS = 24 * 3_600_000;

/** A store whose server answers with what stands in `answers`. */
function storeOf(answers: Record<string, string | Error>) {
  const clock = new ManualClock();
  const asked: string[] = [];
  const fetch = (url: string) => {
    asked.push(url);
    const answer = answers[url] ?? new Error('status 404');
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const store = new KeySetStore({ fetch, clock, logger: silentLogger });
  let changes = 0;
  store.watch(() => changes++);
  return { store, clock, asked, changes: () => changes };
}

/** Lets what was begun by a timer come to its end. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

async function after(clock: ManualClock, ms: number): Promise<void> {
  clock.advance(ms);
  await settle();
}

test('keys are fetched once for all rules that name them, and again in time', async () => {
  const answers: Record<string, string> = { 'https://shop/keys': KEYS };
  const { store, clock, asked, changes } = storeOf(answers);
  store.want([SOURCE, { ...SOURCE, issuer: 'another' }]);
  store.want([SOURCE]);
  await store.asked();
  assert.deepEqual([...store.view()], [['uri https://shop/keys', KEYS]]);
  assert.deepEqual([asked.length, changes()], [1, 1]);
  answers['https://shop/keys'] = OTHER;
  await after(clock, 20 * 60_000);
  assert.deepEqual([...store.view().values()], [OTHER]);
  assert.deepEqual([asked.length, changes()], [2, 2]);
  await store.close();
  assert.equal(clock.pending, 0);
});

test('without an address of its own, the key set is where the OpenID configuration says', async () => {
  const { store, asked } = storeOf({
    'https://shop/.well-known/openid-configuration': JSON.stringify({ issuer: 'https://shop', jwks_uri: 'https://k/' }),
    'https://k/': KEYS,
  });
  store.want([{ issuer: 'https://shop/', uri: '', timeoutMs: 1 }]);
  await store.asked();
  assert.deepEqual(asked, ['https://shop/.well-known/openid-configuration', 'https://k/']);
  assert.deepEqual([...store.view()], [['issuer https://shop/', KEYS]]);
});

test("another issuer's OpenID configuration is not taken", async () => {
  const { store } = storeOf({
    'https://shop/.well-known/openid-configuration': JSON.stringify({ issuer: 'https://evil', jwks_uri: 'https://k/' }),
    'https://k/': KEYS,
  });
  store.want([{ issuer: 'https://shop', uri: '', timeoutMs: 1 }]);
  await store.asked();
  assert.equal(store.view().size, 0);
});

test('the last good keys stay for a week, and failures are tried again with patience', async () => {
  const answers: Record<string, string | Error> = { 'https://shop/keys': KEYS };
  const { store, clock, asked } = storeOf(answers);
  store.want([SOURCE]);
  await store.asked();
  answers['https://shop/keys'] = new Error('connect ECONNREFUSED');
  await after(clock, 20 * 60_000);
  assert.deepEqual([...store.view().values()], [KEYS]);
  assert.deepEqual(
    store.problems().map(({ severity, message }) => [severity, message]),
    [['warning', "keys of issuer shop can't be fetched, the last good keys stay: connect ECONNREFUSED"]],
  );
  const before = asked.length;
  for (const waitMs of [1000, 2000, 4000, 8000]) await after(clock, waitMs);
  assert.equal(asked.length, before + 4);
  await after(clock, 7 * DAY_MS);
  await after(clock, 60_000);
  assert.equal(store.view().size, 0);
  assert.equal(store.problems()[0]?.severity, 'error');
  answers['https://shop/keys'] = OTHER;
  await after(clock, 60_000);
  assert.deepEqual([...store.view().values()], [OTHER]);
  assert.deepEqual(store.problems(), []);
});

test('what is not a key set is none, and nothing of it is told', async () => {
  const bad = ['<html>secret</html>', '[]', '{"keys":"secret"}', '{"keys":[]}', '{"keys":["secret"]}', '"secret"'];
  for (const text of bad) {
    const { store } = storeOf({ 'https://shop/keys': text });
    store.want([SOURCE]);
    await store.asked();
    assert.equal(store.view().size, 0, text);
    assert.doesNotMatch(store.problems()[0]!.message, /secret/);
  }
});

test('private parts of keys go no further, nor do keys that no proxy could use', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = privateKey.export({ format: 'jwk' });
  const bad = [{ kty: 'EC', crv: 'P-256', x: 'a', y: 'b' }, { ...key, alg: 'RS256' }, { kty: 'XY' }, { kty: 'oct' }, 7];
  const { store } = storeOf({ 'https://shop/keys': JSON.stringify({ keys: [...bad, key] }) });
  store.want([SOURCE]);
  await store.asked();
  const kept = [...store.view().values()].map((text) => JSON.parse(text) as unknown);
  assert.deepEqual(kept, [{ keys: [publicKey.export({ format: 'jwk' })] }]);
});

test('what no rule names any more is forgotten, even while it is fetched', async () => {
  const { store, clock, changes } = storeOf({ 'https://shop/keys': KEYS });
  store.want([SOURCE]);
  store.want([]);
  await settle();
  assert.deepEqual([store.view().size, clock.pending, changes()], [0, 0, 0]);
});
