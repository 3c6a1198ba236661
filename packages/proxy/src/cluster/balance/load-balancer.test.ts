// Holds the choice among priorities and localities to health, panic and weights.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ManualClock, seededDice, xxHash64 } from '@meltemi/base';
import fc from 'fast-check';
import type { HostHealth } from '../cluster.ts';
import type { LoadBalancing } from '../settings/balancer-settings.ts';
import type { LoadHost } from './host-group.ts';
import { LoadBalancer, type LoadBalancerOptions } from './load-balancer.ts';
import { priorityLoads } from './priority-loads.ts';

let serial = 0;
function host(health: HostHealth = 'healthy', excluded = false): LoadHost {
  return { weight: 1, activeRequests: 0, hashKey: `h${serial++}`, warmingSince: 0, health, excluded };
}

function options(rules: Partial<LoadBalancing> = {}, onPanic = () => {}): LoadBalancerOptions {
  return {
    rules: {
      balancer: { kind: 'round-robin', slowStart: undefined },
      panicThreshold: 50,
      failOnPanic: false,
      localityWeighted: false,
      ...rules,
    },
    overprovisioning: 140,
    healthByWeight: false,
    clock: new ManualClock(1_000_000),
    dice: seededDice(3),
    onPanic,
  };
}

const RULES = { overprovisioning: 140, panicThreshold: 50 };
const load = (...priorities: readonly (readonly [healthy: number, total: number, degraded?: number])[]) =>
  priorityLoads(
    priorities.map(([healthy, total, degraded = 0]) => ({ healthy, degraded, total })),
    RULES,
  ).map(({ healthy, degraded, panic }) => {
    const shares = degraded > 0 ? `${healthy}+${degraded}` : healthy;
    return panic ? `${healthy} panic` : shares;
  });

it('shares traffic over priorities as the table in Envoy documentation', () => {
  assert.deepEqual(load([100, 100], [100, 100]), [100, 0]);
  assert.deepEqual(load([72, 100], [72, 100]), [100, 0]);
  assert.deepEqual(load([71, 100], [71, 100]), [99, 1]);
  assert.deepEqual(load([50, 100], [50, 100]), [70, 30]);
  assert.deepEqual(load([25, 100], [100, 100]), [35, 65]);
  assert.deepEqual(load([0, 100], [100, 100]), [0, 100]);
  assert.deepEqual(load([25, 100], [25, 100]), ['50 panic', '50 panic']);
  assert.deepEqual(load([0, 100], [0, 100]), ['50 panic', '50 panic']);
});

it('gives out 100 % whenever there is a host', () => {
  const level = fc
    .nat({ max: 20 })
    .chain((total) =>
      fc.record({ total: fc.constant(total), healthy: fc.nat({ max: total }), degraded: fc.constant(0) }),
    );
  fc.assert(
    fc.property(fc.array(level, { maxLength: 4 }), (levels) => {
      const sum = priorityLoads(levels, RULES).reduce((all, each) => all + each.healthy + each.degraded, 0);
      assert.equal(sum, levels.length > 0 ? 100 : 0);
    }),
  );
});

it('never picks an unhealthy host, unless in panic', () => {
  const hosts = fc.array(
    fc.record({
      health: fc.constantFrom<HostHealth>('healthy', 'unhealthy', 'degraded'),
      priority: fc.nat(2),
    }),
    { minLength: 1, maxLength: 12 },
  );
  fc.assert(
    fc.property(hosts, fc.boolean(), (made, localityWeighted) => {
      let panics = 0;
      const groups = made.map((each) => ({
        priority: each.priority,
        weight: 1,
        hosts: [host(each.health)],
      }));
      const balancer = new LoadBalancer(
        groups,
        options({ localityWeighted }, () => panics++),
      );
      for (let round = 0; round < 20; round++) {
        panics = 0;
        const picked = balancer.pick(undefined, 0);
        if (panics === 0 && picked) assert.ok(picked.health !== 'unhealthy');
        assert.ok(picked !== undefined);
      }
    }),
  );
});

it('picks nobody when all are unhealthy and panic is switched off', () => {
  const groups = [{ priority: 0, weight: 1, hosts: [host('unhealthy')] }];
  assert.equal(new LoadBalancer(groups, options({ panicThreshold: 0 })).pick(undefined, 0), undefined);
});

it('gives degraded hosts what the healthy ones leave over', () => {
  assert.deepEqual(load([50, 100, 50]), ['70+30']);
  assert.deepEqual(load([0, 100, 50], [50, 100]), ['0+30', 70]);
});

it('uses degraded hosts only where healthy ones do not suffice', () => {
  const degraded = host('degraded');
  const healthy = host('healthy');
  const groups = (hosts: readonly LoadHost[]) => [{ priority: 0, weight: 1, hosts }];
  assert.equal(
    new LoadBalancer(groups([degraded, healthy, host(), host()]), options()).pick(undefined, 0)?.health,
    'healthy',
  );
  assert.equal(new LoadBalancer(groups([degraded]), options()).pick(undefined, 0), degraded);
});

it('shares by locality weight, and takes weight from an unhealthy locality', () => {
  const near = [host(), host()];
  const far = [host(), host()];
  const share = (nearHosts: readonly LoadHost[]) => {
    const groups = [
      { priority: 0, weight: 9, hosts: nearHosts },
      { priority: 0, weight: 1, hosts: far },
    ];
    const balancer = new LoadBalancer(groups, options({ localityWeighted: true }));
    let toNear = 0;
    for (let round = 0; round < 5000; round++) if (nearHosts.includes(balancer.pick(undefined, 0)!)) toNear++;
    return toNear / 5000;
  };
  assert.ok(Math.abs(share(near) - 0.9) < 0.03);
  // Half of it healthy: 9 * 0.5 * 1.4 = 6.3 against 1.
  assert.ok(Math.abs(share([host(), host('unhealthy')]) - 6.3 / 7.3) < 0.03);
});

it('leads a hash to the same host across priorities', () => {
  const groups = [
    { priority: 0, weight: 1, hosts: [host(), host('unhealthy')] },
    { priority: 1, weight: 1, hosts: [host(), host()] },
  ];
  const balancer = new LoadBalancer(
    groups,
    options({ balancer: { kind: 'maglev', tableSize: 101, byHostname: false, balanceFactor: 0 } }),
  );
  for (let key = 0; key < 100; key++) {
    const hash = xxHash64(`${key}`);
    assert.equal(balancer.pick(hash, 0), balancer.pick(hash, 0));
  }
});
