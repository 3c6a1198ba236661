// Turns a `load_balancing_policy` into settings: the first of its policies that is known here counts, as in Envoy.
import type { Any } from '@bufbuild/protobuf/wkt';
import { unpackAny } from '@meltemi/api';
import type { LoadBalancingPolicy } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import { ClusterProvidedSchema } from '@meltemi/api/envoy/extensions/load_balancing_policies/cluster_provided/v3/cluster_provided_pb';
import type { LocalityLbConfig } from '@meltemi/api/envoy/extensions/load_balancing_policies/common/v3/common_pb';
import {
  LeastRequest_SelectionMethod as SelectionMethod,
  LeastRequestSchema,
} from '@meltemi/api/envoy/extensions/load_balancing_policies/least_request/v3/least_request_pb';
import { MaglevSchema } from '@meltemi/api/envoy/extensions/load_balancing_policies/maglev/v3/maglev_pb';
import { RandomSchema } from '@meltemi/api/envoy/extensions/load_balancing_policies/random/v3/random_pb';
import {
  type RingHash,
  RingHash_HashFunction as HashFunction,
  RingHashSchema,
} from '@meltemi/api/envoy/extensions/load_balancing_policies/ring_hash/v3/ring_hash_pb';
import { RoundRobinSchema } from '@meltemi/api/envoy/extensions/load_balancing_policies/round_robin/v3/round_robin_pb';
import { SubsetSchema } from '@meltemi/api/envoy/extensions/load_balancing_policies/subset/v3/subset_pb';
import { WrrLocalitySchema } from '@meltemi/api/envoy/extensions/load_balancing_policies/wrr_locality/v3/wrr_locality_pb';
import type { BalancerSettings, BalancingPolicy } from './balancer-settings.ts';
import { leastRequestSettings, maglevSettings, ringSettings, slowStartOf } from './balancer-values.ts';
import { ClusterConfigError } from './cluster-config-error.ts';
import { subsetSettings } from './subset-settings.ts';

/** Throws ClusterConfigError where none is known, naming them. */
export function balancingPolicy(policy: LoadBalancingPolicy | undefined): BalancingPolicy {
  const configs = (policy?.policies ?? []).map((each) => each.typedExtensionConfig);
  for (const config of configs) {
    const known = knownPolicy(config?.typedConfig);
    if (known) return known;
  }
  const names = configs.map((config) => config?.typedConfig?.typeUrl || config?.name || 'one without a type');
  throw new ClusterConfigError('UNSUPPORTED_BALANCER', `load_balancing_policy ${names.join(', ')} is not supported`);
}

function knownPolicy(any: Any | undefined): BalancingPolicy | undefined {
  return simplePolicy(any) ?? hashPolicy(any) ?? wrappedPolicy(any);
}

function simplePolicy(any: Any | undefined): BalancingPolicy | undefined {
  const turns = unpackAny(any, RoundRobinSchema);
  if (turns) {
    const balancer = { kind: 'round-robin', slowStart: slowStartOf(turns.slowStartConfig) } as const;
    return withLocality(balancer, turns.localityLbConfig);
  }
  const least = unpackAny(any, LeastRequestSchema);
  if (least) {
    const fullScan = least.enableFullScan ?? least.selectionMethod === SelectionMethod.FULL_SCAN;
    return withLocality(leastRequestSettings(least, fullScan), least.localityLbConfig);
  }
  const random = unpackAny(any, RandomSchema);
  if (random) return withLocality({ kind: 'random' }, random.localityLbConfig);
  const provided = unpackAny(any, ClusterProvidedSchema);
  return provided && withLocality({ kind: 'round-robin', slowStart: undefined }, undefined);
}

function hashPolicy(any: Any | undefined): BalancingPolicy | undefined {
  const ring = unpackAny(any, RingHashSchema);
  if (ring) {
    const balancer = ringSettings(ring, ring.hashFunction === HashFunction.MURMUR_HASH_2, ringHashing(ring));
    return hashed(balancer, ring.localityWeightedLbConfig !== undefined);
  }
  const maglev = unpackAny(any, MaglevSchema);
  if (!maglev) return undefined;
  const balancer = maglevSettings(maglev, maglev.consistentHashingLbConfig);
  return hashed(balancer, maglev.localityWeightedLbConfig !== undefined);
}

function ringHashing(ring: RingHash) {
  const { useHostnameForHashing, hashBalanceFactor } = ring;
  return ring.consistentHashingLbConfig ?? { useHostnameForHashing, hashBalanceFactor };
}

function hashed(balancer: BalancerSettings, localityWeighted: boolean): BalancingPolicy {
  return { balancer, localityWeighted, failOnPanic: false, subsets: undefined };
}

function withLocality(balancer: BalancerSettings, locality: LocalityLbConfig | undefined): BalancingPolicy {
  const specifier = locality?.localityConfigSpecifier;
  return {
    balancer,
    localityWeighted: specifier?.case === 'localityWeightedLbConfig',
    failOnPanic: specifier?.case === 'zoneAwareLbConfig' && specifier.value.failTrafficOnPanic,
    subsets: undefined,
  };
}

function wrappedPolicy(any: Any | undefined): BalancingPolicy | undefined {
  const locality = unpackAny(any, WrrLocalitySchema);
  if (locality) return { ...balancingPolicy(locality.endpointPickingPolicy), localityWeighted: true };
  const subset = unpackAny(any, SubsetSchema);
  if (!subset) return undefined;
  const inner = balancingPolicy(subset.subsetLbPolicy);
  if (inner.subsets) throw new ClusterConfigError('BAD_VALUE', 'subset_lb_policy is itself a policy of subsets');
  return { ...inner, subsets: subsetSettings(subset) };
}
