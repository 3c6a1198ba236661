// The cells of active health checks, by Envoy's names.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/upstream/cluster_manager/cluster_stats#health-check-statistics
import type { Counter, Gauge, StatsScope } from '@meltemi/telemetry';

export interface HealthCheckStats {
  readonly attempt: Counter;
  readonly success: Counter;
  /** Of any kind. */
  readonly failure: Counter;
  readonly passiveFailure: Counter;
  readonly networkFailure: Counter;
  /** Checks that asked for the name of the cluster. */
  readonly verifyCluster: Counter;
  readonly healthy: Gauge;
  readonly degraded: Gauge;
}

export function healthCheckStats(scope: StatsScope): HealthCheckStats {
  return {
    attempt: scope.counter('health_check.attempt'),
    success: scope.counter('health_check.success'),
    failure: scope.counter('health_check.failure'),
    passiveFailure: scope.counter('health_check.passive_failure'),
    networkFailure: scope.counter('health_check.network_failure'),
    verifyCluster: scope.counter('health_check.verify_cluster'),
    healthy: scope.gauge('health_check.healthy'),
    degraded: scope.gauge('health_check.degraded'),
  };
}
