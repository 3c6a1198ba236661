// Turns weights of hosts, and of their localities, into shares of the whole.
import type { BalancedHost, HostShare } from './balanced-host.ts';

export interface WeightedGroup<H extends BalancedHost> {
  readonly weight: number;
  readonly hosts: readonly H[];
}

/** All hosts by their own weights. */
export function sharesByHost<H extends BalancedHost>(hosts: readonly H[]): readonly HostShare<H>[] {
  return sharesOf(hosts, 1);
}

/** Each locality has its share, and its hosts by their weights shares of that; without a weight a locality has none. */
export function sharesByLocality<H extends BalancedHost>(groups: readonly WeightedGroup<H>[]): readonly HostShare<H>[] {
  const filled = groups.filter((group) => group.hosts.length > 0);
  const total = filled.reduce((sum, group) => sum + group.weight, 0);
  return filled.flatMap((group) => (group.weight > 0 ? sharesOf(group.hosts, group.weight / total) : []));
}

function sharesOf<H extends BalancedHost>(hosts: readonly H[], whole: number): readonly HostShare<H>[] {
  const total = hosts.reduce((sum, host) => sum + host.weight, 0);
  return hosts.map((host) => ({ host, share: (host.weight * whole) / total }));
}
