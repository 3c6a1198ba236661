// Turns an OutlierDetection message into numbers, with Envoy's defaults.
import type { OutlierDetection } from '@meltemi/api/envoy/config/cluster/v3/outlier_detection_pb';
import { durationToMs } from '@meltemi/base';

/** Times in milliseconds, shares in percent. Success-rate and failure-percentage detection are not among them. */
export interface OutlierSettings {
  readonly intervalMs: number;
  readonly baseEjectionMs: number;
  readonly maxEjectionMs: number;
  readonly maxEjectionJitterMs: number;
  readonly maxEjectionPercent: number;
  /** Eject one host although `maxEjectionPercent` would allow none. */
  readonly alwaysEjectOne: boolean;
  /** 0: off. */
  readonly consecutive5xx: number;
  readonly enforcing5xx: number;
  readonly consecutiveGatewayFailure: number;
  readonly enforcingGatewayFailure: number;
  /** Local errors (connect failures, timeouts, resets) are counted apart from responses. */
  readonly splitLocalOrigin: boolean;
  readonly consecutiveLocalOrigin: number;
  readonly enforcingLocalOrigin: number;
}

export function outlierSettings(config: OutlierDetection | undefined): OutlierSettings | undefined {
  if (!config) return undefined;
  const baseEjectionMs = config.baseEjectionTime ? durationToMs(config.baseEjectionTime) : 30_000;
  return {
    intervalMs: config.interval ? durationToMs(config.interval) : 10_000,
    baseEjectionMs,
    maxEjectionMs: Math.max(baseEjectionMs, config.maxEjectionTime ? durationToMs(config.maxEjectionTime) : 300_000),
    maxEjectionJitterMs: config.maxEjectionTimeJitter ? durationToMs(config.maxEjectionTimeJitter) : 0,
    maxEjectionPercent: config.maxEjectionPercent ?? 10,
    alwaysEjectOne: config.alwaysEjectOneHost ?? false,
    consecutive5xx: config.consecutive5xx ?? 5,
    enforcing5xx: config.enforcingConsecutive5xx ?? 100,
    consecutiveGatewayFailure: config.consecutiveGatewayFailure ?? 5,
    enforcingGatewayFailure: config.enforcingConsecutiveGatewayFailure ?? 0,
    splitLocalOrigin: config.splitExternalLocalOriginErrors,
    consecutiveLocalOrigin: config.consecutiveLocalOriginFailure ?? 5,
    enforcingLocalOrigin: config.enforcingConsecutiveLocalOriginFailure ?? 100,
  };
}
