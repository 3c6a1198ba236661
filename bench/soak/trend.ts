// Samples over time → how fast a value grows, by linear regression over the last two thirds.
import type { Sample } from './sidecar.ts';

export type Measure = Exclude<keyof Sample, 'seconds'>;

export interface Trend {
  /** Mean of the samples looked at. */
  readonly mean: number;
  /** Units a minute. */
  readonly slope: number;
  /** Slope times the time looked at. */
  readonly growth: number;
}

export function trend(samples: readonly Sample[], measure: Measure): Trend {
  const seen = samples.slice(Math.floor(samples.length / 3));
  const times = seen.map(({ seconds }) => seconds / 60);
  const values = seen.map((sample) => sample[measure]);
  const [meanTime, mean] = [average(times), average(values)];
  const covariance = times.reduce((sum, time, index) => sum + (time - meanTime) * (values[index]! - mean), 0);
  const variance = times.reduce((sum, time) => sum + (time - meanTime) ** 2, 0);
  const slope = variance === 0 ? 0 : covariance / variance;
  return { mean, slope, growth: slope * (times.at(-1)! - times[0]!) };
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
