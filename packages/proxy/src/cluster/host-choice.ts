// Turns a cluster's hosts, as they are now, into choices for requests: by balancer, or by subset and balancer.
import type { BalancerContext } from './balance/balanced-host.ts';
import type { HostGroup } from './balance/host-group.ts';
import { LoadBalancer } from './balance/load-balancer.ts';
import { SubsetBalancer } from './balance/subset-balancer.ts';
import type { PickContext } from './cluster.ts';
import type { ClusterStats } from './cluster-stats.ts';
import type { Host } from './endpoint/host.ts';
import type { LoadBalancing, SubsetSettings } from './settings/balancer-settings.ts';

/** Over a fixed state of membership and health; a change makes a new one. */
export interface HostChoice {
  /** `attempt` counts from 0 and leads to another host when a choice was refused. */
  pick(context: PickContext, attempt: number): Host | undefined;
}

export interface HostChoiceOptions extends BalancerContext {
  readonly rules: LoadBalancing;
  readonly subsets: SubsetSettings | undefined;
  /** Percent. */
  readonly overprovisioning: number;
  readonly healthByWeight: boolean;
  readonly stats: ClusterStats;
}

export function hostChoice(groups: readonly HostGroup<Host>[], options: HostChoiceOptions): HostChoice {
  const { subsets, stats } = options;
  const balancing = { ...options, onPanic: () => stats.lbHealthyPanic.increment() };
  if (!subsets) {
    const balancer = new LoadBalancer(groups, balancing);
    return { pick: (context, attempt) => balancer.pick(context.hash, attempt, context.triedPriorities) };
  }
  const counts = {
    selected: () => stats.subsetsSelected.increment(),
    fallback: () => stats.subsetsFallback.increment(),
    fallbackPanic: () => stats.subsetsFallbackPanic.increment(),
  };
  const balancer = new SubsetBalancer(groups, { ...balancing, subsets, counts });
  stats.subsetsActive.set(balancer.size);
  return { pick: (context, attempt) => balancer.pick(context.subset, context.hash, attempt, context.triedPriorities) };
}
