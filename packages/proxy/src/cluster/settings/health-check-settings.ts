// Turns a cluster's active health check into numbers and a protocol, with Envoy's defaults.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/core/v3/health_check.proto
import { type JsonObject, toBinary } from '@bufbuild/protobuf';
import type { Duration } from '@bufbuild/protobuf/wkt';
import type { Cluster } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import { type HealthCheck, HealthCheckSchema } from '@meltemi/api/envoy/config/core/v3/health_check_pb';
import { durationToMs } from '@meltemi/base';
import { type CheckProtocol, checkProtocol } from './check-protocol.ts';
import { ClusterConfigError } from './cluster-config-error.ts';

/** Times in milliseconds. */
export interface HealthCheckSettings {
  /** The whole of its message: the same for the same checks. */
  readonly key: string;
  readonly protocol: CheckProtocol;
  readonly timeoutMs: number;
  readonly intervals: CheckIntervals;
  readonly unhealthyThreshold: number;
  readonly healthyThreshold: number;
  readonly reuseConnection: boolean;
  /** 0: the endpoint's. */
  readonly port: number;
  /** Undefined: as requests. */
  readonly alpn: readonly string[] | undefined;
  /** Undefined: as requests go to the endpoint. */
  readonly transportLabels: JsonObject | undefined;
  /** A file of JSON lines; empty: none. */
  readonly eventLog: string;
  readonly logAllFailures: boolean;
  readonly logAllSuccesses: boolean;
}

export interface CheckIntervals {
  readonly initialJitterMs: number;
  readonly jitterMs: number;
  /** Of the interval. */
  readonly jitterPercent: number;
  /** Healthy, and the last check said so too. */
  readonly healthyMs: number;
  /** Unhealthy, and a check passed. */
  readonly healthyEdgeMs: number;
  readonly unhealthyMs: number;
  /** Healthy, and a check failed. */
  readonly unhealthyEdgeMs: number;
  /** The cluster never had a connection. */
  readonly noTrafficMs: number;
  readonly noTrafficHealthyMs: number;
}

/** Throws ClusterConfigError. */
export function healthCheckSettings(cluster: Cluster): HealthCheckSettings | undefined {
  const [check, ...others] = cluster.healthChecks;
  if (!check) return undefined;
  if (others.length > 0)
    throw new ClusterConfigError('UNSUPPORTED_FIELD', 'health_checks: more than one is not supported');
  const timeoutMs = positive(check.timeout, 'timeout');
  return {
    key: Buffer.from(toBinary(HealthCheckSchema, check)).toString('base64'),
    protocol: checkProtocol(check, cluster.name),
    timeoutMs,
    intervals: checkIntervals(check),
    unhealthyThreshold: required(check.unhealthyThreshold, 'unhealthy_threshold'),
    healthyThreshold: required(check.healthyThreshold, 'healthy_threshold'),
    reuseConnection: check.reuseConnection ?? true,
    port: check.altPort ?? 0,
    alpn: check.tlsOptions?.alpnProtocols,
    transportLabels: check.transportSocketMatchCriteria,
    eventLog: eventLogOf(check),
    logAllFailures: check.alwaysLogHealthCheckFailures,
    logAllSuccesses: check.alwaysLogHealthCheckSuccess,
  };
}

function checkIntervals(check: HealthCheck): CheckIntervals {
  const healthyMs = positive(check.interval, 'interval');
  const unhealthyMs = ms(check.unhealthyInterval) ?? healthyMs;
  const noTrafficMs = ms(check.noTrafficInterval) ?? 60_000;
  return {
    initialJitterMs: ms(check.initialJitter) ?? 0,
    jitterMs: ms(check.intervalJitter) ?? 0,
    jitterPercent: check.intervalJitterPercent,
    healthyMs,
    healthyEdgeMs: ms(check.healthyEdgeInterval) ?? healthyMs,
    unhealthyMs,
    unhealthyEdgeMs: ms(check.unhealthyEdgeInterval) ?? unhealthyMs,
    noTrafficMs,
    noTrafficHealthyMs: ms(check.noTrafficHealthyInterval) ?? noTrafficMs,
  };
}

/** The older field, or the name of the sink's file. */
function eventLogOf(check: HealthCheck): string {
  const [logger] = check.eventLogger;
  if (logger) {
    throw new ClusterConfigError(
      'UNSUPPORTED_FIELD',
      `event_logger ${logger.name} is not supported, event_log_path is`,
    );
  }
  if (check.eventService) throw new ClusterConfigError('UNSUPPORTED_FIELD', 'event_service is not supported');
  return check.eventLogPath;
}

function ms(duration: Duration | undefined): number | undefined {
  return duration && durationToMs(duration);
}

function positive(duration: Duration | undefined, field: string): number {
  const value = ms(duration) ?? 0;
  if (value <= 0) throw new ClusterConfigError('BAD_VALUE', `health_checks: ${field} is not above 0`);
  return value;
}

function required(value: number | undefined, field: string): number {
  if (value === undefined) throw new ClusterConfigError('BAD_VALUE', `health_checks: ${field} is missing`);
  return Math.max(1, value);
}
