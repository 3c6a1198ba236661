// Mixer configured as Istio 0.1 configured it, over REST: what is written holds, is shown as it was written, or is refused.
import assert from 'node:assert/strict';
import test from 'node:test';

import { mixerWorld } from '../serve/mixer-world.fixture.ts';

const RATINGS = 'scopes/global/subjects/ratings.default.svc.cluster.local/rules';
const TO_RATINGS = { 'destination.service': 'ratings.default.svc.cluster.local' };
const from = (version: string) => ({ ...TO_RATINGS, 'source.labels': new Map([['version', version]]) });

type World = Awaited<ReturnType<typeof mixerWorld>>;

async function call({ server }: World, method: string, path: string, body?: object | string) {
  const url = `http://127.0.0.1:${server.configApiPort}/api/v1/${path}`;
  const text = typeof body === 'object' ? JSON.stringify(body) : body;
  const response = await fetch(url, { method, ...(text !== undefined && { body: text }) });
  const { data, status } = (await response.json()) as { data: unknown; status: { code: number; message: string } };
  return { status: response.status, data, code: status.code, message: status.message };
}

async function put(world: World, path: string, body: object): Promise<void> {
  const answer = await call(world, 'PUT', path, body);
  assert.deepEqual([answer.status, answer.code], [200, 0], answer.message);
}

const codeOf = async (world: World, version: string) => (await world.check(from(version))).precondition?.status?.code;
const denials = { aspects: [{ kind: 'denials' }] };

test('a denial holds for its subject and selector, is shown as it was written, and goes', async () => {
  await using world = await mixerWorld('');
  const rules = { rules: [{ selector: 'source.labels["version"] == "v3"', ...denials }] };
  await put(world, RATINGS, rules);
  await world.until(async () => (await codeOf(world, 'v3')) === 9);
  assert.equal(await codeOf(world, 'v2'), 0);
  const elsewhere = { ...from('v3'), 'destination.service': 'reviews.default.svc.cluster.local' };
  assert.equal((await world.check(elsewhere)).precondition?.status?.code, 0);
  assert.deepEqual((await call(world, 'GET', RATINGS)).data, rules);
  assert.deepEqual((await call(world, 'GET', 'scopes')).data, { scopes: ['global'] });
  assert.equal((await call(world, 'DELETE', RATINGS)).status, 200);
  await world.until(async () => (await codeOf(world, 'v3')) === 0);
  assert.deepEqual([(await call(world, 'GET', RATINGS)).code, (await call(world, 'DELETE', RATINGS)).code], [5, 5]);
});

test('a list has its entries from its adapter; when the adapter changes, the rules do', async () => {
  await using world = await mixerWorld('');
  const adapters = (entry: string) => ({
    adapters: [{ name: 'versions', kind: 'lists', impl: 'genericListChecker', params: { listEntries: [entry] } }],
  });
  const params = { checkExpression: 'source.labels["version"]' };
  const rules = { rules: [{ aspects: [{ kind: 'lists', adapter: 'versions', params }] }] };
  const missing = await call(world, 'PUT', RATINGS, rules);
  assert.deepEqual([missing.status, missing.code], [400, 3]);
  assert.match(missing.message, /adapter names no adapter of kind lists/);
  await put(world, 'scopes/global/adapters', adapters('v1'));
  await put(world, RATINGS, rules);
  await world.until(async () => (await codeOf(world, 'v2')) === 5);
  assert.equal(await codeOf(world, 'v1'), 0);
  await put(world, 'scopes/global/adapters', adapters('v2'));
  await world.until(async () => (await codeOf(world, 'v2')) === 0);
  assert.equal(await codeOf(world, 'v1'), 5);
});

test('a quota is counted under the name that sidecars ask for', async () => {
  await using world = await mixerWorld('');
  const labels = { version: 'source.labels["version"]' };
  const quotas = [{ descriptorName: 'RequestCount', maxAmount: 2, expiration: '60s', labels }];
  await put(world, RATINGS, { rules: [{ aspects: [{ kind: 'quotas', params: { quotas } }] }] });
  await world.until(() => Promise.resolve(world.server.policy.current.counts.rules === 1));
  const take = async (version: string) => {
    const answer = await world.check(from(version), { quotas: { requestcount: { amount: 1n } } });
    return Number(answer.quotas['requestcount']?.grantedAmount);
  };
  assert.deepEqual([await take('v1'), await take('v1'), await take('v1'), await take('v2')], [1, 1, 0, 1]);
});

test('what makes no sense is refused with its place, and changes nothing', async () => {
  await using world = await mixerWorld('');
  await put(world, RATINGS, { rules: [denials] });
  await world.until(async () => (await codeOf(world, 'v1')) === 9);
  for (const [body, message] of [
    [{ rules: [{ aspects: [{ kind: 'metrics' }] }] }, /rules\[0\]\.aspects\[0\]\.kind must be one of denials/],
    [{ rules: [{ aspects: [{ kind: 'denials', colour: 'red' }] }] }, /aspects\[0\]\.colour is not known/],
    [{ rules: [{ selector: 'source.labels[', ...denials }] }, /spec\.match/],
    [{ rules: [{ selector: 'no.such == 1', ...denials }] }, /no\.such/],
    ['rules: [', /./],
    ['', /no document/],
  ] as const) {
    const answer = await call(world, 'PUT', RATINGS, body);
    assert.deepEqual([answer.status, answer.code], [400, 3], JSON.stringify(body));
    assert.match(answer.message, message);
  }
  assert.equal(await codeOf(world, 'v1'), 9);
});
