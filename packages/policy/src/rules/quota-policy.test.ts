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

test('a quota counts for each combination of dimensions, and comes back with time', () => {
  const { engine, clock } = world(QUOTA);
  const args: QuotaArgs = { amount: 1, bestEffort: false, deduplicationId: '' };
  const take = (app: string, more: Partial<QuotaArgs> = {}): number =>
    engine.quota(bag({ 'source.labels': new Map([['app', app]]) }), 'requestcount', { ...args, ...more }).granted;
  assert.deepEqual([take('a'), take('a'), take('b'), take('a'), take('a')], [1, 1, 1, 1, 0]);
  assert.deepEqual([take('reviews'), take('reviews')], [1, 0]);
  assert.equal(take('b', { amount: 5, bestEffort: true }), 2);
  clock.advance(1100);
  assert.equal(take('a', { amount: 3 }), 3);
  assert.equal(engine.quota(bag({}), 'other', args).granted, 1);
});

test('a request that comes again takes once', () => {
  const { engine } = world(QUOTA);
  const take = (deduplicationId: string): number =>
    engine.quota(bag({}), 'requestcount', { amount: 2, bestEffort: false, deduplicationId }).granted;
  assert.deepEqual([take('x'), take('x'), take('y')], [2, 2, 0]);
});
