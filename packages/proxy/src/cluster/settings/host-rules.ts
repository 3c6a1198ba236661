// Turns the fields of a cluster that concern its hosts' coming, going and health into rules.
import type { Cluster } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import { HealthStatus } from '@meltemi/api/envoy/config/core/v3/health_check_pb';
import { hostConnectionLimit } from './circuit-limits.ts';

export interface HostRules {
  /** A host that health checks have not seen yet counts for nothing. */
  readonly ignoreNewUntilChecked: boolean;
  /** Every connection of the cluster is given up when a host comes or goes. */
  readonly closeOnChange: boolean;
  /** Connections that carry bytes end when their host fails its health checks. */
  readonly closeOnHealthFailure: boolean;
  /** A host that discovery took away goes at once, though its health checks pass. */
  readonly ignoreHealthOnRemoval: boolean;
  /** The health that a host must have for a session to be kept to it. */
  readonly overrideStatuses: ReadonlySet<HealthStatus>;
  /** Of one host. */
  readonly maxConnections: number;
}

export function hostRules(cluster: Cluster): HostRules {
  const common = cluster.commonLbConfig;
  return {
    ignoreNewUntilChecked: common?.ignoreNewHostsUntilFirstHc ?? false,
    closeOnChange: common?.closeConnectionsOnHostSetChange ?? false,
    closeOnHealthFailure: cluster.closeConnectionsOnHostHealthFailure,
    ignoreHealthOnRemoval: cluster.ignoreHealthOnHostRemoval,
    overrideStatuses: new Set(
      common?.overrideHostStatus?.statuses ?? [HealthStatus.UNKNOWN, HealthStatus.HEALTHY, HealthStatus.DEGRADED],
    ),
    maxConnections: hostConnectionLimit(cluster.circuitBreakers),
  };
}
