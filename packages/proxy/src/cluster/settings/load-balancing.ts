// Turns a cluster's `lb_policy` or `load_balancing_policy` into the settings of its balancer.
import {
  type Cluster,
  type Cluster_CommonLbConfig as CommonLbConfig,
  Cluster_LbPolicy as LbPolicy,
  Cluster_RingHashLbConfig_HashFunction as HashFunction,
} from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import type { BalancerSettings, BalancingPolicy, LoadBalancing, SubsetSettings } from './balancer-settings.ts';
import { leastRequestSettings, maglevSettings, ringSettings, slowStartOf } from './balancer-values.ts';
import { balancingPolicy } from './balancing-policy.ts';
import { ClusterConfigError } from './cluster-config-error.ts';
import { subsetSettings } from './subset-settings.ts';

/** Throws ClusterConfigError. Of a cluster that provides its own balancer the settings are those of round robin. */
export function loadBalancing(cluster: Cluster): LoadBalancing & { readonly subsets: SubsetSettings | undefined } {
  const policy = cluster.loadBalancingPolicy ? balancingPolicy(cluster.loadBalancingPolicy) : policyOfFields(cluster);
  return { ...policy, panicThreshold: cluster.commonLbConfig?.healthyPanicThreshold?.value ?? 50 };
}

function policyOfFields(cluster: Cluster): BalancingPolicy {
  const { commonLbConfig: common, lbSubsetConfig } = cluster;
  const locality = common?.localityConfigSpecifier;
  const subsets =
    lbSubsetConfig && lbSubsetConfig.subsetSelectors.length > 0 ? subsetSettings(lbSubsetConfig) : undefined;
  return {
    balancer: balancerOfFields(cluster, common),
    failOnPanic: locality?.case === 'zoneAwareLbConfig' && locality.value.failTrafficOnPanic,
    localityWeighted: locality?.case === 'localityWeightedLbConfig',
    subsets,
  };
}

function balancerOfFields(cluster: Cluster, common: CommonLbConfig | undefined): BalancerSettings {
  const { lbConfig: config } = cluster;
  const hashing = common?.consistentHashingLbConfig;
  switch (cluster.lbPolicy) {
    case LbPolicy.CLUSTER_PROVIDED:
    case LbPolicy.ROUND_ROBIN: {
      const options = config.case === 'roundRobinLbConfig' ? config.value : undefined;
      return { kind: 'round-robin', slowStart: slowStartOf(options?.slowStartConfig) };
    }
    case LbPolicy.LEAST_REQUEST:
      return leastRequestSettings(config.case === 'leastRequestLbConfig' ? config.value : {}, false);
    case LbPolicy.RANDOM:
      return { kind: 'random' };
    case LbPolicy.RING_HASH: {
      const options = config.case === 'ringHashLbConfig' ? config.value : undefined;
      return ringSettings(options ?? {}, options?.hashFunction === HashFunction.MURMUR_HASH_2, hashing);
    }
    case LbPolicy.MAGLEV:
      return maglevSettings(config.case === 'maglevLbConfig' ? config.value : {}, hashing);
    default:
      throw new ClusterConfigError('UNSUPPORTED_BALANCER', `lb_policy ${LbPolicy[cluster.lbPolicy]} has no policy`);
  }
}
