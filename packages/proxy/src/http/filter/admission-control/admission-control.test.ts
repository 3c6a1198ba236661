import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '@meltemi/base';
import fc from 'fast-check';
import { rejectionProbability } from './rejection-probability.ts';
import { RequestHistory } from './request-history.ts';

const SHAPE = { successThreshold: 0.95, aggression: 1, mostRejected: 0.8 };

test('requests count for the window, to the second', () => {
  const clock = new ManualClock();
  const history = new RequestHistory(clock, 3_000);
  history.record(true);
  clock.advance(999);
  history.record(false);
  assert.deepEqual(history.counts, { requests: 2, successes: 1 });
  clock.advance(1_001);
  history.record(true);
  assert.deepEqual([history.counts, history.rps], [{ requests: 3, successes: 2 }, 1]);
  clock.advance(1_000);
  assert.deepEqual(history.counts, { requests: 1, successes: 1 });
  clock.advance(2_000);
  assert.deepEqual([history.counts, history.rps], [{ requests: 0, successes: 0 }, 0]);
});

test('the probability is as documented', () => {
  assert.equal(rejectionProbability({ requests: 0, successes: 0 }, SHAPE), 0);
  assert.equal(rejectionProbability({ requests: 100, successes: 95 }, SHAPE), 0);
  assert.equal(rejectionProbability({ requests: 99, successes: 0 }, SHAPE), 0.8);
  assert.equal(rejectionProbability({ requests: 99, successes: 47.5 }, SHAPE), 0.49);
  assert.equal(rejectionProbability({ requests: 99, successes: 47.5 }, { ...SHAPE, aggression: 2 }), 0.7);
});

test('the more fail, the more are refused, never more than the most', () => {
  const shape = fc.record({
    successThreshold: fc.double({ min: 0.01, max: 1, noNaN: true }),
    aggression: fc.double({ min: 1, max: 10, noNaN: true }),
    mostRejected: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(shape, fc.nat(1_000), fc.nat(1_000), (rules, successes, failures) => {
      const requests = successes + failures;
      const probability = rejectionProbability({ requests, successes }, rules);
      assert.ok(probability >= 0 && probability <= rules.mostRejected);
      assert.ok(probability <= rejectionProbability({ requests: requests + 1, successes }, rules) + 1e-9);
    }),
  );
});
