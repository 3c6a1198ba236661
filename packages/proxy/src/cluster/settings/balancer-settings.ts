// The settings of load balancing: what chooses a host, and what counts besides.
import type { SlowStart } from '../balance/slow-start.ts';

export type BalancerSettings = RoundRobinSettings | LeastRequestSettings | { readonly kind: 'random' } | HashSettings;

export interface RoundRobinSettings {
  readonly kind: 'round-robin';
  readonly slowStart: SlowStart | undefined;
}

export interface LeastRequestSettings {
  readonly kind: 'least-request';
  readonly choices: number;
  /** How much active requests take from a host's weight: 0 nothing, 1 in proportion. */
  readonly bias: number;
  /** Looks at all hosts where none has more weight than another. */
  readonly fullScan: boolean;
  readonly slowStart: SlowStart | undefined;
}

export type HashSettings = RingSettings | MaglevSettings;

export interface RingSettings extends HashKeys {
  readonly kind: 'ring-hash';
  readonly minimum: number;
  readonly maximum: number;
  /** MurmurHash2 places the hosts, in place of XXH64. */
  readonly murmur: boolean;
}

export interface MaglevSettings extends HashKeys {
  readonly kind: 'maglev';
  readonly tableSize: number;
}

interface HashKeys {
  /** Hosts are placed by their names. */
  readonly byHostname: boolean;
  /** Percent of its fair share of the active requests that a host takes at most; 0: no bound. */
  readonly balanceFactor: number;
}

export interface LoadBalancing {
  readonly balancer: BalancerSettings;
  /** Percent of healthy hosts below which health is ignored; 0: never. */
  readonly panicThreshold: number;
  /** No host in panic, in place of any host. */
  readonly failOnPanic: boolean;
  readonly localityWeighted: boolean;
}

/** What a policy says itself; the rest is the cluster's. */
export type BalancingPolicy = Pick<LoadBalancing, 'balancer' | 'failOnPanic' | 'localityWeighted'> & {
  readonly subsets: SubsetSettings | undefined;
};

/** https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/subsets */
export interface SubsetSettings {
  readonly selectors: readonly SubsetSelector[];
  readonly fallback: SubsetFallback;
  readonly defaultSubset: SubsetLabels;
  /** Weights of localities count within subsets. */
  readonly localityWeightAware: boolean;
  /** … in proportion to the part of a locality's hosts that the subset has. */
  readonly scaleLocalityWeight: boolean;
  /** Any endpoint where the fallback gave none. */
  readonly panicModeAny: boolean;
  /** An endpoint's list of values stands for each of them. */
  readonly listAsAny: boolean;
  /** The request's `fallback_list`: further labels to try in turn. */
  readonly metadataFallback: boolean;
}

export type SubsetFallback = 'none' | 'any' | 'default';

export interface SubsetSelector {
  /** Sorted. */
  readonly keys: readonly string[];
  /** Undefined: the cluster's. */
  readonly fallback: SubsetFallback | 'keys' | undefined;
  /** With `keys`: what is looked for then. */
  readonly fallbackKeys: readonly string[];
}

/** Values by name, as JSON. */
export type SubsetLabels = Readonly<Record<string, unknown>>;
