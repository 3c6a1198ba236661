// The adapter redisquota: sidecars of several Mixers share a limit, with what they take ahead of time.
import assert from 'node:assert/strict';
import test from 'node:test';

import { systemClock } from '@meltemi/base';
import { startRedis } from '@meltemi/testkit';

import { AttributeBag } from '../attributes/attribute-bag.ts';
import { MANIFEST_1_0_3 } from '../attributes/manifest-1.0.3.ts';
import { Vocabulary } from '../attributes/vocabulary.ts';
import { MixerClient } from '../client/mixer-client.ts';
import { mixerTransport } from '../client/mixer-transport.ts';
import { STATUS } from '../adapters/adapter.ts';

import { mixerWorld } from './mixer-world.fixture.ts';

const program = process.env['MELTEMI_REDIS'];
const skip = program ? false : 'MELTEMI_REDIS names no redis-server';
const LIMIT = 1000;

const POLICY = (port: number) => `
apiVersion: config.istio.io/v1alpha2
kind: redisquota
metadata: {name: limits, namespace: istio-system}
spec:
  redisServerUrl: 127.0.0.1:${port}
  connectionPoolSize: 10
  quotas:
  - {name: requestcount.quota.istio-system, maxAmount: ${LIMIT}, validDuration: 60s, rateLimitAlgorithm: FIXED_WINDOW}
---
apiVersion: config.istio.io/v1alpha2
kind: quota
metadata: {name: requestcount, namespace: istio-system}
spec: {dimensions: {path: request.path | "none"}}
---
apiVersion: config.istio.io/v1alpha2
kind: rule
metadata: {name: limit, namespace: istio-system}
spec: {actions: [{handler: limits.redisquota, instances: [requestcount.quota]}]}
`;

test('four sidecars at two Mixers keep within one percent of a limit', { skip }, async (context) => {
  const redis = await startRedis(program!, 31_379);
  context.after(() => redis.stop());
  const worlds = await Promise.all([1, 2].map(() => mixerWorld(POLICY(redis.port))));
  for (const world of worlds) context.after(() => world[Symbol.asyncDispose]());
  const clock = systemClock();
  const clients = [0, 1, 2, 3].map((index) => {
    const address = { host: '127.0.0.1', port: worlds[index % 2]!.server.port };
    const transport = mixerTransport(address, 5000, () => Date.now());
    return new MixerClient({ transport, clock, name: `s${index}`, failOpen: false, lostReports: () => undefined });
  });
  for (const client of clients) context.after(() => client.close());
  const vocabulary = new Vocabulary(MANIFEST_1_0_3);
  const bag = AttributeBag.of(vocabulary, [['request.path', '/ratings']]);
  const quotas = new Map([['requestcount', 1]]);
  const codes: number[] = [];
  const load = async (client: MixerClient): Promise<void> => {
    for (let count = 0; count < 250; count++) codes.push((await client.check(bag, quotas)).code);
  };
  await Promise.all(clients.flatMap((client) => [1, 2, 3, 4].map(() => load(client))));
  const passed = codes.filter((code) => code === STATUS.OK).length;
  assert.ok(passed >= LIMIT * 0.99 && passed <= LIMIT * 1.01, `${passed} of ${LIMIT} passed`);
  assert.equal(codes.filter((code) => code === STATUS.RESOURCE_EXHAUSTED).length, codes.length - passed);
  await redis.stop();
  const late = AttributeBag.of(vocabulary, [['request.path', '/other']]);
  assert.equal((await clients[0]!.check(late, quotas)).code, STATUS.UNAVAILABLE, 'who fails closed refuses');
});

test('a limit that says no time, or no place, is refused by name', async () => {
  await using world = await mixerWorld(
    POLICY(1)
      .replace(', validDuration: 60s', '')
      .replace(/redisServerUrl.*/, ''),
  );
  const wrong = world.server.policy.current.problems.map(({ message }) => message);
  assert.ok(wrong.some((message) => message.includes('spec.redisServerUrl is required')));
  assert.ok(wrong.some((message) => message.includes('spec.quotas[0].validDuration must be more than 0s')));
});
