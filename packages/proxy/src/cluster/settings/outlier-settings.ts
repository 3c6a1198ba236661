// Turns an OutlierDetection message into numbers, with Envoy's defaults.
import type { OutlierDetection } from '@meltemi/api/envoy/config/cluster/v3/outlier_detection_pb';
import { durationToMs } from '@meltemi/base';
import { ClusterConfigError } from './cluster-config-error.ts';

/** What a host can be ejected for, by the names of Envoy's statistics. */
export const OUTLIER_KINDS = [
  'consecutive_5xx',
  'consecutive_gateway_failure',
  'consecutive_local_origin_failure',
  'success_rate',
  'local_origin_success_rate',
  'failure_percentage',
  'local_origin_failure_percentage',
] as const;

export type OutlierKind = (typeof OUTLIER_KINDS)[number];

/** How many in a row; 0: off. */
type ConsecutiveKind = Extract<OutlierKind, `consecutive_${string}`>;

/** Times in milliseconds, shares in percent. */
export interface OutlierSettings {
  readonly intervalMs: number;
  readonly baseEjectionMs: number;
  readonly maxEjectionMs: number;
  readonly maxEjectionJitterMs: number;
  readonly maxEjectionPercent: number;
  /** Eject one host although `maxEjectionPercent` would allow none. */
  readonly alwaysEjectOne: boolean;
  /** A passed health check brings an ejected host back at once. */
  readonly checkReadmits: boolean;
  /** Local errors (connect failures, timeouts, resets) are counted apart from responses. */
  readonly splitLocalOrigin: boolean;
  readonly consecutive: Readonly<Record<ConsecutiveKind, number>>;
  /** How likely an ejection that was found due is. */
  readonly enforcing: Readonly<Record<OutlierKind, number>>;
  readonly successRate: {
    readonly minimumHosts: number;
    /** Requests within an interval. */
    readonly requestVolume: number;
    /** Standard deviations below the mean. */
    readonly deviations: number;
  };
  readonly failurePercentage: {
    readonly minimumHosts: number;
    readonly requestVolume: number;
    readonly threshold: number;
  };
}

/** Throws ClusterConfigError. */
export function outlierSettings(config: OutlierDetection | undefined): OutlierSettings | undefined {
  if (!config) return undefined;
  const baseEjectionMs = config.baseEjectionTime ? durationToMs(config.baseEjectionTime) : 30_000;
  const maxEjectionMs = config.maxEjectionTime
    ? durationToMs(config.maxEjectionTime)
    : Math.max(300_000, baseEjectionMs);
  if (maxEjectionMs < baseEjectionMs) {
    throw new ClusterConfigError('BAD_VALUE', 'outlier_detection: max_ejection_time is less than base_ejection_time');
  }
  return {
    intervalMs: config.interval ? durationToMs(config.interval) : 10_000,
    baseEjectionMs,
    maxEjectionMs,
    maxEjectionJitterMs: config.maxEjectionTimeJitter ? durationToMs(config.maxEjectionTimeJitter) : 0,
    maxEjectionPercent: config.maxEjectionPercent ?? 10,
    alwaysEjectOne: config.alwaysEjectOneHost ?? false,
    checkReadmits: config.successfulActiveHealthCheckUnejectHost ?? true,
    splitLocalOrigin: config.splitExternalLocalOriginErrors,
    consecutive: {
      consecutive_5xx: config.consecutive5xx ?? 5,
      consecutive_gateway_failure: config.consecutiveGatewayFailure ?? 5,
      consecutive_local_origin_failure: config.consecutiveLocalOriginFailure ?? 5,
    },
    enforcing: enforcingOf(config),
    successRate: {
      minimumHosts: config.successRateMinimumHosts ?? 5,
      requestVolume: config.successRateRequestVolume ?? 100,
      deviations: (config.successRateStdevFactor ?? 1900) / 1000,
    },
    failurePercentage: {
      minimumHosts: config.failurePercentageMinimumHosts ?? 5,
      requestVolume: config.failurePercentageRequestVolume ?? 50,
      threshold: config.failurePercentageThreshold ?? 85,
    },
  };
}

function enforcingOf(config: OutlierDetection): Readonly<Record<OutlierKind, number>> {
  return {
    consecutive_5xx: config.enforcingConsecutive5xx ?? 100,
    consecutive_gateway_failure: config.enforcingConsecutiveGatewayFailure ?? 0,
    consecutive_local_origin_failure: config.enforcingConsecutiveLocalOriginFailure ?? 100,
    success_rate: config.enforcingSuccessRate ?? 100,
    local_origin_success_rate: config.enforcingLocalOriginSuccessRate ?? 100,
    failure_percentage: config.enforcingFailurePercentage ?? 0,
    local_origin_failure_percentage: config.enforcingFailurePercentageLocalOrigin ?? 0,
  };
}
