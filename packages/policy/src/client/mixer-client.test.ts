// The client of Mixer against a Mixer on the wire: what it asks, what it remembers, and what it does when nobody is there.
import assert from 'node:assert/strict';
import test from 'node:test';

import fc from 'fast-check';

import { AttributeBag } from '../attributes/attribute-bag.ts';
import { MANIFEST_1_0_3 } from '../attributes/manifest-1.0.3.ts';
import { Vocabulary } from '../attributes/vocabulary.ts';
import { type MixerWorld, mixerWorld } from '../serve/mixer-world.fixture.ts';
import type { Value } from '../values/value.ts';

import { MixerClient } from './mixer-client.ts';
import { type MixerTransport, mixerTransport } from './mixer-transport.ts';
import { QuotaPool } from './quota-pool.ts';

const POLICY = `
apiVersion: config.istio.io/v1alpha2
kind: listchecker
metadata: {name: users, namespace: istio-system}
spec: {overrides: [a, b], cachingInterval: 5s, cachingUseCount: 3}
---
apiVersion: config.istio.io/v1alpha2
kind: listentry
metadata: {name: user, namespace: istio-system}
spec: {value: 'request.headers["user"]'}
---
apiVersion: config.istio.io/v1alpha2
kind: rule
metadata: {name: known, namespace: istio-system}
spec: {actions: [{handler: users.listchecker, instances: [user.listentry]}]}
---
apiVersion: config.istio.io/v1alpha2
kind: memquota
metadata: {name: limits, namespace: istio-system}
spec: {quotas: [{name: requestcount.quota.istio-system, maxAmount: 30, validDuration: 60s}]}
---
apiVersion: config.istio.io/v1alpha2
kind: quota
metadata: {name: requestcount, namespace: istio-system}
spec: {dimensions: {method: request.method | ""}}
---
apiVersion: config.istio.io/v1alpha2
kind: rule
metadata: {name: limit, namespace: istio-system}
spec: {actions: [{handler: limits.memquota, instances: [requestcount.quota]}]}
---
apiVersion: config.istio.io/v1alpha2
kind: stdio
metadata: {name: out, namespace: istio-system}
spec: {}
---
apiVersion: config.istio.io/v1alpha2
kind: metric
metadata: {name: size, namespace: istio-system}
spec: {value: request.size, dimensions: {}}
---
apiVersion: config.istio.io/v1alpha2
kind: rule
metadata: {name: log, namespace: istio-system}
spec: {actions: [{handler: out.stdio, instances: [size.metric]}]}
`;

const vocabulary = new Vocabulary(MANIFEST_1_0_3);
const user = (name: string, path = '/'): AttributeBag =>
  bag({
    'request.headers': new Map([
      ['user', name],
      ['path', path],
    ]),
    'request.path': path,
  });
const quota = new Map([['requestcount', 1]]);

function bag(attributes: Readonly<Record<string, Value>>): AttributeBag {
  return AttributeBag.of(vocabulary, Object.entries(attributes));
}

/** Counts the calls of its client. */
function connect(mixer: MixerWorld, failOpen = false, port = mixer.server.port) {
  const calls = { check: 0, report: 0 };
  const lost: number[] = [];
  const wire = mixerTransport({ host: '127.0.0.1', port }, 5000, Date.now);
  const transport: MixerTransport = {
    check: (request) => (calls.check++, wire.check(request)),
    report: (request) => (calls.report++, wire.report(request)),
    close: () => wire.close(),
  };
  const options = {
    transport,
    clock: mixer.clock,
    name: 'a',
    failOpen,
    lostReports: (count: number) => lost.push(count),
  };
  return { client: new MixerClient(options), calls, lost };
}

test('an answer serves other requests that are alike, as often and as long as it may', async () => {
  await using mixer = await mixerWorld(POLICY);
  const { client, calls } = connect(mixer);
  assert.equal((await client.check(user('a', '/1'))).code, 0);
  assert.deepEqual(client.check(user('a', '/2')), { code: 0, message: '' }, 'at once');
  await client.check(user('a', '/3'));
  assert.equal(calls.check, 1);
  await client.check(user('a', '/4'));
  assert.equal(calls.check, 2, 'three uses are over');
  mixer.clock.advance(5000);
  await client.check(user('a', '/5'));
  assert.equal(calls.check, 3, 'five seconds are over');
  assert.equal((await client.check(user('c'))).message, 'users.listchecker.istio-system:c is not whitelisted');
  assert.equal(calls.check, 4);
  await client.close();
});

test('quotas are taken ahead, and never more than there is', async () => {
  await using mixer = await mixerWorld(POLICY.replace('cachingUseCount: 3', 'cachingUseCount: 1000'));
  const { client, calls } = connect(mixer);
  let granted = 0;
  for (let request = 0; request < 40; request++) {
    const { code } = await client.check(user('a'), quota);
    if (code === 0) granted++;
    else assert.equal(code, 8);
  }
  assert.equal(granted, 30);
  assert.ok(calls.check < 8, `${calls.check} calls`);
  await client.close();
});

test('a pool grants no more than was put into it, and nothing after its time', () => {
  const step = fc.record({
    amount: fc.integer({ min: 1, max: 5 }),
    offer: fc.nat({ max: 30 }),
    afterMs: fc.nat({ max: 700 }),
  });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const pool = new QuotaPool();
      let [nowMs, filled, taken] = [0, 0, 0];
      for (const { amount, offer, afterMs } of steps) {
        nowMs += afterMs;
        const answer = pool.take(amount, nowMs);
        if (answer.kind === 'granted') taken += amount;
        if (answer.kind !== 'ask') continue;
        const granted = Math.min(offer, answer.amount);
        filled += granted;
        if (pool.refill({ granted, validDurationMs: 1000 }, amount, nowMs) === 'granted') taken += amount;
      }
      assert.ok(taken <= filled, `${taken} of ${filled}`);
      assert.notEqual(pool.take(1, nowMs + 1000).kind, 'granted');
    }),
  );
});

test('reports go in batches of a hundred, and after a second', async () => {
  await using mixer = await mixerWorld(POLICY);
  const { client, calls, lost } = connect(mixer);
  for (let request = 0; request < 150; request++) client.report(new Map([['request.size', BigInt(request)]]));
  assert.equal(calls.report, 1);
  mixer.clock.advance(1000);
  assert.equal(calls.report, 2);
  await client.close();
  assert.deepEqual(
    mixer.lines.map((line) => (JSON.parse(line) as { value: number }).value),
    Array.from({ length: 150 }, (_, index) => index),
  );
  assert.deepEqual(lost, []);
});

test('without Mixer requests go on or not, as told, and reports count as lost', async () => {
  await using mixer = await mixerWorld(POLICY);
  const open = connect(mixer, true, 1);
  assert.equal((await open.client.check(user('c'))).code, 0);
  const closed = connect(mixer, false, 1);
  assert.equal((await closed.client.check(user('a'))).code, 14);
  closed.client.report(new Map(user('a').entries()));
  await Promise.all([open.client.close(), closed.client.close()]);
  assert.deepEqual(closed.lost, [1]);
});
