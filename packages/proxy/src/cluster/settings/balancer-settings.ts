// Turns a cluster's `lb_policy` and its options into the settings of one balancer.
import { type Cluster, Cluster_LbPolicy as LbPolicy } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import { ClusterConfigError } from './cluster-config-error.ts';

export type BalancerSettings =
  | { readonly kind: 'round-robin' }
  | { readonly kind: 'least-request'; readonly choices: number }
  | { readonly kind: 'random' }
  | { readonly kind: 'ring-hash'; readonly minimum: number; readonly maximum: number }
  | { readonly kind: 'maglev'; readonly tableSize: number };

/** Envoy's limits of a ring and of a Maglev table: 8 Mi points, 5000011 slots. */
const RING_LIMIT = 8_388_608;
const TABLE_LIMIT = 5_000_011;

export function balancerSettings(cluster: Cluster): BalancerSettings {
  if (cluster.loadBalancingPolicy) {
    throw new ClusterConfigError('UNSUPPORTED_FIELD', 'load_balancing_policy is not supported, lb_policy is');
  }
  switch (cluster.lbPolicy) {
    case LbPolicy.ROUND_ROBIN:
      return { kind: 'round-robin' };
    case LbPolicy.LEAST_REQUEST:
      return { kind: 'least-request', choices: choicesOf(cluster) };
    case LbPolicy.RANDOM:
      return { kind: 'random' };
    case LbPolicy.RING_HASH:
      return ringSettings(cluster);
    case LbPolicy.MAGLEV:
      return { kind: 'maglev', tableSize: tableSizeOf(cluster) };
    default:
      throw new ClusterConfigError('UNSUPPORTED_BALANCER', `lb_policy ${LbPolicy[cluster.lbPolicy]} is not supported`);
  }
}

function choicesOf(cluster: Cluster): number {
  const choices = cluster.lbConfig.case === 'leastRequestLbConfig' ? cluster.lbConfig.value.choiceCount : undefined;
  if (choices !== undefined && choices < 2) throw new ClusterConfigError('BAD_VALUE', 'choice_count is less than 2');
  return choices ?? 2;
}

function ringSettings(cluster: Cluster): BalancerSettings {
  const config = cluster.lbConfig.case === 'ringHashLbConfig' ? cluster.lbConfig.value : undefined;
  const minimum = Number(config?.minimumRingSize ?? 1024n);
  const maximum = Number(config?.maximumRingSize ?? BigInt(RING_LIMIT));
  if (minimum > maximum || maximum > RING_LIMIT || minimum < 1) {
    throw new ClusterConfigError('BAD_VALUE', `ring size ${minimum} to ${maximum} is not within 1 to ${RING_LIMIT}`);
  }
  return { kind: 'ring-hash', minimum, maximum };
}

function tableSizeOf(cluster: Cluster): number {
  const config = cluster.lbConfig.case === 'maglevLbConfig' ? cluster.lbConfig.value : undefined;
  const size = Number(config?.tableSize ?? 65537n);
  if (size > TABLE_LIMIT || !isPrime(size)) {
    throw new ClusterConfigError('BAD_VALUE', `Maglev table size ${size} is not a prime up to ${TABLE_LIMIT}`);
  }
  return size;
}

function isPrime(value: number): boolean {
  for (let divisor = 2; divisor * divisor <= value; divisor++) if (value % divisor === 0) return false;
  return value > 1;
}
