// Holds every balancer to one shared behaviour, and those with weights or hashes to theirs.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Hash64, ManualClock, seededDice, xxHash64 } from '@meltemi/base';
import fc from 'fast-check';
import type { BalancerSettings } from '../settings/balancer-settings.ts';
import type { Balancer } from './balanced-host.ts';
import { balancerOf, hashBalancerOf, hashes } from './balancer.ts';
import { sharesByHost } from './host-shares.ts';

interface TestHost {
  readonly weight: number;
  readonly hashKey: string;
  activeRequests: number;
  readonly warmingSince: number;
}

const POLICIES: readonly BalancerSettings[] = [
  { kind: 'round-robin', slowStart: undefined },
  { kind: 'least-request', choices: 2, bias: 1, fullScan: false, slowStart: undefined },
  { kind: 'random' },
  { kind: 'ring-hash', minimum: 1024, maximum: 8192, murmur: false, byHostname: false, balanceFactor: 0 },
  { kind: 'maglev', tableSize: 4099, byHostname: false, balanceFactor: 0 },
];
const CONSISTENT = POLICIES.filter((policy) => policy.kind === 'ring-hash' || policy.kind === 'maglev');

function hostsOf(weights: readonly number[]): TestHost[] {
  return weights.map((weight, index) => ({
    weight,
    hashKey: `10.0.0.${index}:80`,
    activeRequests: 0,
    warmingSince: 0,
  }));
}

function balancerFor<H extends TestHost>(
  settings: BalancerSettings,
  hosts: readonly H[],
  dice = seededDice(1),
): Balancer<H> {
  if (hashes(settings)) return hashBalancerOf(settings, sharesByHost(hosts), dice);
  return balancerOf(settings, hosts, { clock: new ManualClock(1_000_000), dice });
}

function picks(policy: BalancerSettings, hosts: readonly TestHost[], count: number): Map<TestHost, number> {
  const balancer = balancerFor(policy, hosts, seededDice(7));
  const counts = new Map<TestHost, number>(hosts.map((host) => [host, 0]));
  for (let round = 0; round < count; round++) {
    const host = balancer.pick(xxHash64(`key ${round}`), 0)!;
    counts.set(host, counts.get(host)! + 1);
  }
  return counts;
}

for (const policy of POLICIES) {
  describe(`${policy.kind} balancer`, () => {
    it('picks nobody from nobody', () => {
      assert.equal(balancerFor(policy, []).pick(undefined, 0), undefined);
      assert.equal(balancerFor(policy, []).pick({ high: 5, low: 5 }, 1), undefined);
    });

    it('picks one of its hosts for any hash and attempt', () => {
      const weights = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 8 });
      fc.assert(
        fc.property(weights, fc.option(fc.string(), { nil: undefined }), fc.nat(5), (some, text, attempt) => {
          const hosts = hostsOf(some);
          const hash: Hash64 | undefined = text === undefined ? undefined : xxHash64(text);
          assert.ok(hosts.includes(balancerFor(policy, hosts).pick(hash, attempt)!));
        }),
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
      const balancer = balancerFor({ kind: 'round-robin', slowStart: undefined }, hosts, { roll: () => 0 });
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
  const counts = [...picks(POLICIES[1]!, hosts, 4000).values()];
  // The busy host wins only when it is drawn twice.
  assert.ok(counts[0]! < 1200, `${counts[0]}`);
});

for (const policy of CONSISTENT) {
  describe(`${policy.kind} consistency`, () => {
    const hosts = hostsOf([1, 1, 1, 1, 1]);
    const keys = Array.from({ length: 2000 }, (_, index) => xxHash64(`user ${index}`));
    const placed = (some: readonly TestHost[]) => {
      const balancer = balancerFor(policy, some);
      return keys.map((key) => balancer.pick(key, 0)!);
    };

    it('leads a hash to the same host each time, whatever the order of the hosts', () => {
      assert.deepEqual(placed(hosts), placed(hosts.toReversed()));
    });

    it('moves the keys of a removed host and next to no others', () => {
      const before = placed(hosts);
      const after = placed(hosts.slice(1));
      const moved = keys.filter((_, index) => before[index] !== hosts[0] && before[index] !== after[index]).length;
      assert.ok(moved <= keys.length * 0.15, `${moved} moved`);
    });

    it('leads another attempt elsewhere at last', () => {
      const balancer = balancerFor(policy, hosts);
      for (const key of keys.slice(0, 50)) {
        const seen = new Set(Array.from({ length: 30 }, (_, attempt) => balancer.pick(key, attempt)));
        assert.ok(seen.size > 1);
      }
    });
  });
}
