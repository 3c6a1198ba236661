// Turns a load-balancing policy and hosts into the balancer that implements it.
import type { Dice } from '@meltemi/base';
import type { BalancerSettings } from '../settings/balancer-settings.ts';
import type { BalancedHost, Balancer } from './balanced-host.ts';
import { leastRequest } from './least-request.ts';
import { maglev } from './maglev.ts';
import { random } from './random.ts';
import { ringHash } from './ring-hash.ts';
import { roundRobin } from './round-robin.ts';

export function balancerOf<H extends BalancedHost>(
  settings: BalancerSettings,
  hosts: readonly H[],
  dice: Dice,
): Balancer<H> {
  switch (settings.kind) {
    case 'round-robin':
      return roundRobin(hosts, dice);
    case 'least-request':
      return leastRequest(hosts, dice, settings.choices);
    case 'random':
      return random(hosts, dice);
    case 'ring-hash':
      return ringHash(hosts, dice, settings);
    case 'maglev':
      return maglev(hosts, dice, settings.tableSize);
  }
}
