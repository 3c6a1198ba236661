// Hosts of one locality at one priority, and which of them may be chosen.
import type { Hash64 } from '@meltemi/base';
import type { HostHealth } from '../cluster.ts';
import type { BalancedHost } from './balanced-host.ts';
import type { PriorityHosts } from './priority-loads.ts';

export interface LoadHost extends BalancedHost {
  /** What discovery, health checks and outlier detection come to together. */
  readonly health: HostHealth;
  /** Not checked yet, and therefore not counted: a health check must pass first. */
  readonly excluded: boolean;
}

export interface HostGroup<H extends LoadHost> {
  readonly priority: number;
  readonly weight: number;
  readonly hosts: readonly H[];
}

/** Which hosts of a priority a choice is made among. */
export type Availability = 'healthy' | 'degraded' | 'all';

export type LevelPick<H extends LoadHost> = (
  availability: Availability,
  hash: Hash64 | undefined,
  attempt: number,
) => H | undefined;

export function available<H extends LoadHost>(hosts: readonly H[], availability: Availability): readonly H[] {
  return availability === 'all' ? hosts : hosts.filter((host) => host.health === availability);
}

export function countHosts(groups: readonly HostGroup<LoadHost>[], byWeight: boolean): PriorityHosts {
  const counts = { total: 0, healthy: 0, degraded: 0, unhealthy: 0 };
  for (const host of groups.flatMap((group) => group.hosts)) {
    if (host.excluded) continue;
    const amount = byWeight ? host.weight : 1;
    counts.total += amount;
    counts[host.health] += amount;
  }
  return counts;
}
