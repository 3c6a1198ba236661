// Turns one priority's hosts into choices: a locality by its weight where localities have weights, then a host.
// https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/locality_weight
import type { BalancerSettings, HashSettings } from '../settings/balancer-settings.ts';
import type { Balancer, BalancerContext } from './balanced-host.ts';
import { balancerOf } from './balancer.ts';
import { type Availability, available, type HostGroup, type LevelPick, type LoadHost } from './host-group.ts';
import { WeightedChoice } from './weighted-choice.ts';

export interface LocalityLevelOptions extends BalancerContext {
  /** Localities have weights. */
  readonly weighted: boolean;
  /** Percent. */
  readonly overprovisioning: number;
}

type Settings = Exclude<BalancerSettings, HashSettings>;

/** Balancers are made at their first choice. In panic (`all`) the weights of localities do not count. */
export function localityLevel<H extends LoadHost>(
  groups: readonly HostGroup<H>[],
  settings: Settings,
  options: LocalityLevelOptions,
): LevelPick<H> {
  const picks: Partial<Record<Availability, () => H | undefined>> = {};
  return (availability) => (picks[availability] ??= pickAmong(groups, settings, availability, options))();
}

function pickAmong<H extends LoadHost>(
  groups: readonly HostGroup<H>[],
  settings: Settings,
  availability: Availability,
  options: LocalityLevelOptions,
): () => H | undefined {
  const balance = (hosts: readonly H[]): Balancer<H> => balancerOf(settings, available(hosts, availability), options);
  const weights =
    options.weighted && availability !== 'all'
      ? groups.map((group) => effectiveWeight(group, availability, options.overprovisioning))
      : [];
  if (!weights.some((weight) => weight > 0)) {
    const flat = balance(groups.flatMap((group) => group.hosts));
    return () => flat.pick(undefined, 0);
  }
  const choice = new WeightedChoice(weights);
  const balancers = groups.map((group) => balance(group.hosts));
  return () => balancers[choice.choose(options.dice.roll())]!.pick(undefined, 0);
}

/** A locality keeps its whole weight while enough of its hosts are available, then loses in proportion. */
function effectiveWeight(group: HostGroup<LoadHost>, availability: Availability, overprovisioning: number): number {
  const counted = group.hosts.filter((host) => !host.excluded).length;
  if (counted === 0) return 0;
  const share = available(group.hosts, availability).length / counted;
  return group.weight * Math.min(1, (share * overprovisioning) / 100);
}
