// Which DestinationRules hold for whom: joined, kept apart and chosen as Istio does.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rule, viewOf } from '../test-world.ts';
import { chosenRules, rulePools, selectingRules } from './chosen-rules.ts';

const HOST = 'web.default.svc.cluster.local';

async function rulesOf(...specs: readonly object[]) {
  const yaml = specs.map((spec, index) => rule('DestinationRule', `r${index}`, { host: HOST, ...spec }));
  return (await viewOf(...yaml)).destinationRules;
}

async function chosen(reader: { namespace: string; labels?: Record<string, string> }, ...specs: readonly object[]) {
  const rules = await rulesOf(...specs);
  const { namespace, labels = {} } = reader;
  const local = namespace === 'default';
  const { local: own, exported } = rulePools(rules);
  const selecting = selectingRules(rules, namespace, labels);
  return chosenRules(local ? own : exported, { namespace, selecting }, !local).map(({ metadata }) => metadata.name);
}

test('rules of one audience hold together, the first one first', async () => {
  assert.deepEqual(await chosen({ namespace: 'default' }, {}, {}), ['r0', 'r1']);
});

test('a rule for others joins those before it that fewer see, and stands alone where more do', async () => {
  assert.deepEqual(await chosen({ namespace: 'other' }, { exportTo: ['other'] }, { exportTo: ['other', 'third'] }), [
    'r0',
    'r1',
  ]);
  assert.deepEqual(await chosen({ namespace: 'third' }, { exportTo: ['other', 'third'] }, { exportTo: ['third'] }), [
    'r1',
  ]);
});

test('what a namespace keeps to itself nobody else has', async () => {
  assert.deepEqual(await chosen({ namespace: 'other' }, { exportTo: ['.'] }), []);
  assert.deepEqual(await chosen({ namespace: 'default' }, { exportTo: ['.'] }), ['r0']);
});

test('a rule for some workloads is theirs alone, and stands before the rule for all', async () => {
  const specs = [{}, { workloadSelector: { matchLabels: { app: 'a' } } }];
  assert.deepEqual(await chosen({ namespace: 'default', labels: { app: 'a' } }, ...specs), ['r1']);
  assert.deepEqual(await chosen({ namespace: 'default', labels: { app: 'b' } }, ...specs), ['r0']);
  assert.deepEqual(await chosen({ namespace: 'other', labels: { app: 'a' } }, ...specs), ['r0']);
});
