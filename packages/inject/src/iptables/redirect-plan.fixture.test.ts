// The recorded rules of istio-iptables.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { noCases, planOf, readRecorded, recordedCases } from './recorded-cases.testing.ts';
import { printPlan } from './redirect-plan.ts';

test('there are cases to replay', { skip: noCases }, () => {
  assert.equal(recordedCases.length, 17);
});

for (const recorded of recordedCases.filter(({ expected }) => expected !== undefined)) {
  test(recorded.name, () => {
    const lines = readRecorded(recorded.expected!).split('\n');
    const blocks = lines.filter((line) => !/^ip6?tables-save$/.test(line));
    assert.deepEqual(printPlan(planOf(recorded)).split('\n'), blocks);
  });
}
