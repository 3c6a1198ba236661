// Turns one priority's hosts into choices by hash: localities and hosts stand on one ring, each with its share.
import type { Dice } from '@meltemi/base';
import type { HashSettings } from '../settings/balancer-settings.ts';
import type { Balancer } from './balanced-host.ts';
import { hashBalancerOf } from './balancer.ts';
import { available, type HostGroup, type LevelPick, type LoadHost } from './host-group.ts';
import { sharesByHost, sharesByLocality } from './host-shares.ts';

export interface HashLevelOptions {
  readonly panic: boolean;
  /** Localities have weights. */
  readonly weighted: boolean;
  readonly dice: Dice;
}

/** Placed at the first choice: a priority that nothing goes to costs nothing. */
export function hashLevel<H extends LoadHost>(
  groups: readonly HostGroup<H>[],
  settings: HashSettings,
  options: HashLevelOptions,
): LevelPick<H> {
  let balancer: Balancer<H> | undefined;
  return (_availability, hash, attempt) => {
    balancer ??= hashBalancerOf(settings, sharesOf(groups, options), options.dice);
    return balancer.pick(hash, attempt);
  };
}

function sharesOf<H extends LoadHost>(groups: readonly HostGroup<H>[], { panic, weighted }: HashLevelOptions) {
  const usable = groups.map((group) => ({ weight: group.weight, hosts: placeable(group.hosts, groups, panic) }));
  if (weighted && usable.some((group) => group.weight > 0 && group.hosts.length > 0)) return sharesByLocality(usable);
  return sharesByHost(usable.flatMap((group) => group.hosts));
}

/** Healthy hosts; degraded ones where the priority has nothing else. */
function placeable<H extends LoadHost>(hosts: readonly H[], groups: readonly HostGroup<H>[], panic: boolean) {
  if (panic) return hosts;
  const someHealthy = groups.some((group) => available(group.hosts, 'healthy').length > 0);
  return available(hosts, someHealthy ? 'healthy' : 'degraded');
}
