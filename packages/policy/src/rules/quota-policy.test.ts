// Quotas as users write them, from YAML to amounts.
import assert from 'node:assert/strict';
import test from 'node:test';

import type { QuotaArgs } from '../adapters/adapter.ts';

import { bag, world } from './policy-world.fixture.ts';

const QUOTA = `
apiVersion: config.istio.io/v1alpha2
kind: memquota
metadata: {name: handler, namespace: istio-system}
spec:
  quotas:
  - name: requestcount.quota.istio-system
    maxAmount: 3
    validDuration: 1s
    overrides:
    - {dimensions: {source: reviews}, maxAmount: 1, validDuration: 1s}
---
apiVersion: config.istio.io/v1alpha2
kind: quota
metadata: {name: requestcount, namespace: istio-system}
spec: {dimensions: {source: 'source.labels["app"] | "unknown"'}}
---
apiVersion: config.istio.io/v1alpha2
kind: rule
metadata: {name: quota, namespace: istio-system}
spec: {actions: [{handler: handler.memquota, instances: [requestcount.quota]}]}
`;

test('a quota counts for each combination of dimensions, and comes back with time', async () => {
  const { engine, clock } = world(QUOTA);
  const args: QuotaArgs = { amount: 1, bestEffort: false, deduplicationId: '' };
  const take = async (app: string, more: Partial<QuotaArgs> = {}): Promise<number> => {
    const attributes = bag({ 'source.labels': new Map([['app', app]]) });
    return (await engine.quota(attributes, 'requestcount', { ...args, ...more })).granted;
  };
  assert.deepEqual(await Promise.all(['a', 'a', 'b', 'a', 'a'].map((app) => take(app))), [1, 1, 1, 1, 0]);
  assert.deepEqual(await Promise.all([take('reviews'), take('reviews')]), [1, 0]);
  assert.equal(await take('b', { amount: 5, bestEffort: true }), 2);
  clock.advance(1100);
  assert.equal(await take('a', { amount: 3 }), 3);
  assert.equal((await engine.quota(bag({}), 'other', args)).granted, 1);
});

test('a request that comes again takes once', async () => {
  const { engine } = world(QUOTA);
  const take = async (deduplicationId: string): Promise<number> =>
    (await engine.quota(bag({}), 'requestcount', { amount: 2, bestEffort: false, deduplicationId })).granted;
  assert.deepEqual(await Promise.all(['x', 'x', 'y'].map(take)), [2, 2, 0]);
});
