// Holds every balancer to one shared behaviour, and those with weights or hashes to theirs.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededDice } from '@meltemi/base';
import fc from 'fast-check';
import type { BalancerSettings } from '../settings/balancer-settings.ts';
import { balancerOf } from './balancer.ts';
import { hash32 } from './hash32.ts';

interface TestHost {
  readonly weight: number;
  readonly hashKey: string;
  activeRequests: number;
}

const POLICIES: readonly BalancerSettings[] = [
  { kind: 'round-robin' },
  { kind: 'least-request', choices: 2 },
  { kind: 'random' },
  { kind: 'ring-hash', minimum: 1024, maximum: 8192 },
  { kind: 'maglev', tableSize: 4099 },
];
const CONSISTENT = POLICIES.filter((policy) => policy.kind === 'ring-hash' || policy.kind === 'maglev');

function hostsOf(weights: readonly number[]): TestHost[] {
  return weights.map((weight, index) => ({ weight, hashKey: `10.0.0.${index}:80`, activeRequests: 0 }));
}

function picks(policy: BalancerSettings, hosts: readonly TestHost[], count: number): Map<TestHost, number> {
  const balancer = balancerOf(policy, hosts, seededDice(7));
  const counts = new Map<TestHost, number>(hosts.map((host) => [host, 0]));
  for (let round = 0; round < count; round++) {
    const host = balancer.pick(hash32(`key ${round}`, 3), 0)!;
    counts.set(host, counts.get(host)! + 1);
  }
  return counts;
}

for (const policy of POLICIES) {
  describe(`${policy.kind} balancer`, () => {
    it('picks nobody from nobody', () => {
      assert.equal(balancerOf(policy, [], seededDice(1)).pick(undefined, 0), undefined);
      assert.equal(balancerOf(policy, [], seededDice(1)).pick(5, 1), undefined);
    });

    it('picks one of its hosts for any hash and attempt', () => {
      const weights = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 8 });
      fc.assert(
        fc.property(
          weights,
          fc.option(fc.nat({ max: 0xffff_ffff }), { nil: undefined }),
          fc.nat(5),
          (some, hash, attempt) => {
            const hosts = hostsOf(some);
            assert.ok(hosts.includes(balancerOf(policy, hosts, seededDice(1)).pick(hash, attempt)!));
          },
        ),
        { numRuns: 30 },
      );
    });

    it('spreads evenly over equal hosts', () => {
      for (const count of picks(policy, hostsOf([1, 1, 1, 1]), 8000).values())
        assert.ok(Math.abs(count - 2000) < 400, `${count}`);
    });

    it('reaches every host', () => {
      for (const count of picks(policy, hostsOf([1, 2, 3, 50]), 8000).values()) assert.ok(count > 0);
    });
  });
}

for (const policy of POLICIES.filter((each) => each.kind !== 'random')) {
  it(`${policy.kind} gives hosts their weights`, () => {
    const counts = [...picks(policy, hostsOf([1, 3, 6]), 10_000).values()];
    for (const [index, share] of [1000, 3000, 6000].entries()) {
      assert.ok(Math.abs(counts[index]! - share) < 0.15 * 6000, `${counts[index]} for ${share}`);
    }
  });
}

it('round robin gives each host exactly its weight in every full turn', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 6 }), (weights) => {
      const hosts = hostsOf(weights);
      // A roll of 0: no random start.
      const balancer = balancerOf({ kind: 'round-robin' }, hosts, { roll: () => 0 });
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      for (let turn = 0; turn < 3; turn++) {
        const counts = hosts.map(() => 0);
        for (let pick = 0; pick < total; pick++) counts[hosts.indexOf(balancer.pick(undefined, 0)!)]! += 1;
        assert.deepEqual(counts, weights);
      }
    }),
  );
});

it('least request avoids the busy host', () => {
  const hosts = hostsOf([1, 1]);
  hosts[0]!.activeRequests = 10;
  const counts = [...picks({ kind: 'least-request', choices: 2 }, hosts, 4000).values()];
  // The busy host wins only when it is drawn twice.
  assert.ok(counts[0]! < 1200, `${counts[0]}`);
});

for (const policy of CONSISTENT) {
  describe(`${policy.kind} consistency`, () => {
    const hosts = hostsOf([1, 1, 1, 1, 1]);
    const keys = Array.from({ length: 2000 }, (_, index) => hash32(`user ${index}`, 9));
    const placed = (some: readonly TestHost[]) => {
      const balancer = balancerOf(policy, some, seededDice(1));
      return keys.map((key) => balancer.pick(key, 0)!);
    };

    it('leads a hash to the same host each time, whatever the order of the hosts', () => {
      assert.deepEqual(placed(hosts), placed(hosts.toReversed()));
    });

    it('moves the keys of a removed host and next to no others', () => {
      const before = placed(hosts);
      const after = placed(hosts.slice(1));
      const moved = keys.filter((_, index) => before[index] !== hosts[0] && before[index] !== after[index]).length;
      assert.ok(moved <= (policy.kind === 'ring-hash' ? 0 : keys.length * 0.1), `${moved} moved`);
    });

    it('leads another attempt elsewhere at last', () => {
      const balancer = balancerOf(policy, hosts, seededDice(1));
      for (const key of keys.slice(0, 50)) {
        const seen = new Set(Array.from({ length: 30 }, (_, attempt) => balancer.pick(key, attempt)));
        assert.ok(seen.size > 1);
      }
    });
  });
}
