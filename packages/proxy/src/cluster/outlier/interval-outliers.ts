// Turns an interval's success rates into the hosts that stand out, by deviation from the others or by plain share of failures.
// https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/outlier#success-rate
import type { OutlierSettings } from '../settings/outlier-settings.ts';

export interface HostRate<H> {
  readonly host: H;
  /** Requests of the interval. */
  readonly total: number;
  /** Percent that succeeded. */
  readonly rate: number;
}

/** Percents; -1: too few hosts had enough requests. */
export interface LowRates<H> {
  readonly hosts: readonly H[];
  readonly average: number;
  readonly threshold: number;
}

/** Whose success rate is below the mean by more than the allowed deviations. */
export function lowSuccessRates<H>(rates: readonly HostRate<H>[], settings: OutlierSettings): LowRates<H> {
  const { minimumHosts, requestVolume, deviations } = settings.successRate;
  const valid = rates.filter(({ total }) => total > 0 && total >= requestVolume);
  if (valid.length === 0 || valid.length < minimumHosts) return { hosts: [], average: -1, threshold: -1 };
  const mean = valid.reduce((sum, { rate }) => sum + rate, 0) / valid.length;
  const variance = valid.reduce((sum, { rate }) => sum + (rate - mean) ** 2, 0) / valid.length;
  const threshold = mean - deviations * Math.sqrt(variance);
  const hosts = valid.filter(({ rate }) => rate < threshold).map(({ host }) => host);
  return { hosts, average: mean, threshold };
}

/** Whose share of failures is at the threshold or above. */
export function highFailurePercentages<H>(rates: readonly HostRate<H>[], settings: OutlierSettings): readonly H[] {
  const { minimumHosts, requestVolume, threshold } = settings.failurePercentage;
  const valid = rates.filter(({ total }) => total > 0 && total >= requestVolume);
  if (valid.length === 0 || valid.length < minimumHosts) return [];
  return valid.filter(({ rate }) => 100 - rate >= threshold).map(({ host }) => host);
}
