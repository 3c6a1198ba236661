// Turns the fields of an ORIGINAL_DST cluster into where its hosts come from.
import { type Cluster, Cluster_LbPolicy as LbPolicy } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import { durationToMs } from '@meltemi/base';
import { ClusterConfigError } from './cluster-config-error.ts';

/** https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/service_discovery#original-destination */
export interface OriginalDstSettings {
  readonly kind: 'original-dst';
  /** Lower case; undefined: no header counts. */
  readonly header: string | undefined;
  /** 0: the destination's own. */
  readonly port: number;
  /** How long a host stays that nothing goes to, at least. */
  readonly cleanupMs: number;
}

/** Throws ClusterConfigError. */
export function originalDstSettings(cluster: Cluster): OriginalDstSettings {
  if (cluster.loadAssignment && cluster.loadAssignment.endpoints.length > 0) {
    throw new ClusterConfigError('BAD_VALUE', 'an ORIGINAL_DST cluster has no load_assignment');
  }
  if (cluster.lbPolicy !== LbPolicy.CLUSTER_PROVIDED && !cluster.loadBalancingPolicy) {
    throw new ClusterConfigError('BAD_VALUE', 'an ORIGINAL_DST cluster has lb_policy CLUSTER_PROVIDED');
  }
  const config = cluster.lbConfig.case === 'originalDstLbConfig' ? cluster.lbConfig.value : undefined;
  if (config?.metadataKey) throw new ClusterConfigError('UNSUPPORTED_FIELD', 'metadata_key is not supported');
  return {
    kind: 'original-dst',
    header: config?.useHttpHeader ? config.httpHeaderName.toLowerCase() || 'x-envoy-original-dst-host' : undefined,
    port: config?.upstreamPortOverride ?? 0,
    cleanupMs: cluster.cleanupInterval ? durationToMs(cluster.cleanupInterval) : 5000,
  };
}
