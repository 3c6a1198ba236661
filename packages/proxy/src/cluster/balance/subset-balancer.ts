// Turns a request's labels into a choice among the hosts that carry them, with a fallback where none does.
// https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/subsets
import type { Hash64 } from '@meltemi/base';
import type { SubsetFallback, SubsetLabels, SubsetSelector, SubsetSettings } from '../settings/balancer-settings.ts';
import type { HostGroup, LoadHost } from './host-group.ts';
import { LoadBalancer, type LoadBalancerOptions } from './load-balancer.ts';
import type { TriedPriorities } from './tried-priorities.ts';
import { labelsKey, labelsOfHost, matchesLabels } from './subset-labels.ts';

export interface LabelledHost extends LoadHost {
  /** Metadata `envoy.lb`. */
  readonly labels: SubsetLabels;
}

export interface SubsetOptions extends LoadBalancerOptions {
  readonly subsets: SubsetSettings;
  readonly counts: SubsetCounts;
}

/** What the choices came to. */
export interface SubsetCounts {
  selected(): void;
  fallback(): void;
  fallbackPanic(): void;
}

type Pick<H> = (hash: Hash64 | undefined, attempt: number, tried: TriedPriorities | undefined) => H | undefined;

/** Over a fixed state of membership and health, as the balancers of its subsets. */
export class SubsetBalancer<H extends LabelledHost> {
  readonly #options: SubsetOptions;
  /** By their labels; their balancers are made when first asked. */
  readonly #subsets: ReadonlyMap<string, Subset<H>>;
  readonly #any: Subset<H>;
  readonly #default: Subset<H>;

  constructor(groups: readonly HostGroup<H>[], options: SubsetOptions) {
    const { defaultSubset, listAsAny } = options.subsets;
    const inDefault = (host: H): boolean => matchesLabels(host.labels, defaultSubset, listAsAny);
    this.#options = options;
    this.#subsets = subsetsOf(groups, options);
    this.#any = new Subset(groups, options);
    this.#default = new Subset(onlyHosts(groups, inDefault, options.subsets), options);
  }

  /** Number of subsets that have hosts. */
  get size(): number {
    return this.#subsets.size;
  }

  /** Undefined: no host may be chosen. */
  pick(labels: SubsetLabels | undefined, ...how: Parameters<Pick<H>>): H | undefined {
    const alternatives = this.#options.subsets.metadataFallback ? labels?.['fallback_list'] : undefined;
    if (!Array.isArray(alternatives)) return this.#pickBy(labels, ...how);
    const { fallback_list: _, ...own } = labels!;
    for (const each of alternatives.length > 0 ? alternatives : [{}]) {
      const host = this.#pickBy({ ...own, ...(each as SubsetLabels) }, ...how);
      if (host) return host;
    }
    return undefined;
  }

  #pickBy(labels: SubsetLabels | undefined, ...how: Parameters<Pick<H>>): H | undefined {
    const { counts } = this.#options;
    if (labels) {
      const subset = this.#subsets.get(labelsKey(labels));
      if (subset) {
        counts.selected();
        return subset.pick(...how);
      }
      const selector = this.#selectorOf(labels);
      if (selector?.fallback !== undefined) return this.#pickForSelector(selector, labels, ...how);
    }
    const host = this.#subsetOf(this.#options.subsets.fallback)?.pick(...how);
    if (host) counts.fallback();
    return host ?? this.#pickInPanic(...how);
  }

  #pickForSelector(selector: SubsetSelector, labels: SubsetLabels, ...how: Parameters<Pick<H>>): H | undefined {
    if (selector.fallback !== 'keys') return this.#subsetOf(selector.fallback!)?.pick(...how);
    const kept = selector.fallbackKeys.flatMap((key) => (key in labels ? [[key, labels[key]] as const] : []));
    return this.#pickBy(Object.fromEntries(kept), ...how);
  }

  #pickInPanic(...how: Parameters<Pick<H>>): H | undefined {
    const { subsets, counts } = this.#options;
    if (!subsets.panicModeAny || subsets.fallback === 'none') return undefined;
    const host = this.#any.pick(...how);
    if (host) counts.fallbackPanic();
    return host;
  }

  #subsetOf(fallback: SubsetFallback): Subset<H> | undefined {
    return fallback === 'none' ? undefined : fallback === 'any' ? this.#any : this.#default;
  }

  #selectorOf(labels: SubsetLabels): SubsetSelector | undefined {
    const names = Object.keys(labels).sort().join('\0');
    return this.#options.subsets.selectors.find((selector) => selector.keys.join('\0') === names);
  }
}

class Subset<H extends LabelledHost> {
  readonly #groups: readonly HostGroup<H>[];
  readonly #options: LoadBalancerOptions;
  #balancer: LoadBalancer<H> | undefined;

  constructor(groups: readonly HostGroup<H>[], options: SubsetOptions) {
    const localityWeighted = options.rules.localityWeighted && options.subsets.localityWeightAware;
    this.#groups = groups;
    this.#options = { ...options, rules: { ...options.rules, localityWeighted } };
  }

  pick(...how: Parameters<Pick<H>>): H | undefined {
    this.#balancer ??= new LoadBalancer(this.#groups, this.#options);
    return this.#balancer.pick(...how);
  }
}

function subsetsOf<H extends LabelledHost>(groups: readonly HostGroup<H>[], options: SubsetOptions) {
  const { subsets } = options;
  const members = new Map<string, Set<H>>();
  for (const host of groups.flatMap((group) => group.hosts)) {
    for (const { keys } of subsets.selectors) {
      for (const key of labelsOfHost(host.labels, keys, subsets.listAsAny)) {
        const hosts = members.get(key) ?? new Set();
        members.set(key, hosts.add(host));
      }
    }
  }
  const entries = [...members].map(([key, hosts]) => {
    return [
      key,
      new Subset(
        onlyHosts(groups, (host) => hosts.has(host), subsets),
        options,
      ),
    ] as const;
  });
  return new Map(entries);
}

function onlyHosts<H extends LabelledHost>(
  groups: readonly HostGroup<H>[],
  wanted: (host: H) => boolean,
  { scaleLocalityWeight }: SubsetSettings,
): readonly HostGroup<H>[] {
  return groups.map((group) => {
    const hosts = group.hosts.filter(wanted);
    const part = scaleLocalityWeight && group.hosts.length > 0 ? hosts.length / group.hosts.length : 1;
    return { ...group, hosts, weight: group.weight * part };
  });
}
