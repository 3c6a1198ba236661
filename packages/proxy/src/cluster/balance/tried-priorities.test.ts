// Holds the shares of another try to the priorities that were tried.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { TriedPriorities } from './tried-priorities.ts';

const RULES = { overprovisioning: 140, panicThreshold: 50 };
const hosts = fc
  .nat({ max: 10 })
  .chain((total) =>
    fc.record({ total: fc.constant(total), healthy: fc.nat({ max: total }), degraded: fc.constant(0) }),
  );

it('gives all to available priorities that were not tried, or to any when all were', () => {
  fc.assert(
    fc.property(fc.array(hosts, { minLength: 1, maxLength: 5 }), fc.array(fc.nat({ max: 4 })), (levels, tried) => {
      const priorities = levels.map((_, index) => index);
      const history = new TriedPriorities(1);
      const left = new Set<number>();
      for (const priority of tried) {
        history.note(priority);
        left.add(priority);
        const loads = history.loads(priorities, levels, RULES);
        const open = levels.filter(({ healthy }, index) => healthy > 0 && !left.has(index));
        if (open.length === 0) left.clear();
        const shares = loads?.map(({ healthy }) => healthy);
        if (levels.every(({ healthy }) => healthy === 0)) assert.equal(shares, undefined);
        else
          assert.equal(
            shares!.reduce((sum, share) => sum + share),
            100,
          );
        shares?.forEach((share, index) => assert.ok(share === 0 || (levels[index]!.healthy > 0 && !left.has(index))));
      }
    }),
  );
});

it('changes nothing before so many tries', () => {
  const history = new TriedPriorities(2);
  const levels = [1, 1].map((healthy) => ({ total: 1, healthy, degraded: 0 }));
  history.note(0);
  assert.equal(history.loads([0, 1], levels, RULES), undefined);
  history.note(0);
  const loads = history.loads([0, 1], levels, RULES)!;
  assert.deepEqual(
    loads.map(({ healthy }) => healthy),
    [0, 100],
  );
});
