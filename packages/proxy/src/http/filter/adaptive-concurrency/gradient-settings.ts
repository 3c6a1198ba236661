// Turns the gradient controller's message into numbers, with Envoy's defaults.
import type { Duration } from '@bufbuild/protobuf/wkt';
import type { GradientControllerConfig } from '@meltemi/api/envoy/extensions/filters/http/adaptive_concurrency/v3/adaptive_concurrency_pb';
import { durationToMs } from '@meltemi/base';
import { FilterConfigError } from '../../http-config-error.ts';

export interface GradientSettings {
  /** Between two measurements of the least latency; 0: it is `fixedMs`. */
  readonly minRttIntervalMs: number;
  readonly fixedMs: number | undefined;
  /** Requests that a measurement takes. */
  readonly requestCount: number;
  /** Share of the interval by which a measurement may come later. */
  readonly jitter: number;
  /** While the least latency is measured; undefined: the limit stays as it is. */
  readonly measuringLimit: number | undefined;
  readonly leastLimit: number;
  readonly mostLimit: number;
  /** Share that is added to the least latency. */
  readonly buffer: number;
  readonly updateIntervalMs: number;
  /** From 0 to 1. */
  readonly percentile: number;
}

/** Throws FilterConfigError. */
export function gradientSettings(config: GradientControllerConfig): GradientSettings {
  const { concurrencyLimitParams: limits, minRttCalcParams: rtt } = config;
  if (!limits) throw bad('concurrency_limit_params is missing');
  if (!rtt) throw bad('min_rtt_calc_params is missing');
  const minRttIntervalMs = msOf(rtt.interval);
  const fixedMs = rtt.fixedValue && positive('fixed_value', msOf(rtt.fixedValue));
  if (minRttIntervalMs <= 0 && fixedMs === undefined) throw bad('min_rtt_calc_params has interval or fixed_value');
  const minConcurrency = positive('min_concurrency', rtt.minConcurrency ?? 3);
  return {
    minRttIntervalMs,
    fixedMs,
    requestCount: positive('request_count', rtt.requestCount ?? 50),
    jitter: (rtt.jitter?.value ?? 15) / 100,
    measuringLimit: limits.minConcurrencyLimit === undefined ? minConcurrency : undefined,
    leastLimit: positive('min_concurrency_limit', limits.minConcurrencyLimit ?? minConcurrency),
    mostLimit: positive('max_concurrency_limit', limits.maxConcurrencyLimit ?? 1000),
    buffer: (rtt.buffer?.value ?? 25) / 100,
    updateIntervalMs: positive('concurrency_update_interval', msOf(limits.concurrencyUpdateInterval)),
    percentile: (config.sampleAggregatePercentile?.value ?? 50) / 100,
  };
}

function msOf(duration: Duration | undefined): number {
  return duration ? durationToMs(duration) : 0;
}

function positive(field: string, value: number): number {
  if (value > 0) return value;
  throw bad(`${field} is greater than 0`);
}

function bad(problem: string): FilterConfigError {
  return new FilterConfigError('BAD_FILTER', `adaptive_concurrency: ${problem}`);
}
