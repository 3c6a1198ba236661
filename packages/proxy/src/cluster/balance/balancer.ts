// Turns a load-balancing policy and hosts into the balancer that implements it.
import type { Dice } from '@meltemi/base';
import type { BalancerSettings, HashSettings } from '../settings/balancer-settings.ts';
import type { BalancedHost, Balancer, BalancerContext, HostShare } from './balanced-host.ts';
import { boundedLoad } from './bounded-load.ts';
import { leastRequest } from './least-request.ts';
import { maglev } from './maglev.ts';
import { random } from './random.ts';
import { ringHash } from './ring-hash.ts';
import { roundRobin } from './round-robin.ts';

/** For policies that place no hosts by hash. */
export function balancerOf<H extends BalancedHost>(
  settings: Exclude<BalancerSettings, HashSettings>,
  hosts: readonly H[],
  context: BalancerContext,
): Balancer<H> {
  switch (settings.kind) {
    case 'round-robin':
      return roundRobin(hosts, settings.slowStart, context);
    case 'least-request':
      return leastRequest(hosts, settings, context);
    case 'random':
      return random(hosts, context.dice);
  }
}

/** For policies that place hosts by hash, each in proportion to its share. */
export function hashBalancerOf<H extends BalancedHost>(
  settings: HashSettings,
  shares: readonly HostShare<H>[],
  dice: Dice,
): Balancer<H> {
  const placed =
    settings.kind === 'maglev' ? maglev(shares, dice, settings.tableSize) : ringHash(shares, dice, settings);
  return settings.balanceFactor === 0 ? placed : boundedLoad(placed, shares, settings.balanceFactor);
}

export function hashes(settings: BalancerSettings): settings is HashSettings {
  return settings.kind === 'ring-hash' || settings.kind === 'maglev';
}
