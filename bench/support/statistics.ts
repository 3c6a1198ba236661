// Sums up paired measurements: medians, and how sure they are.
import { seededDice } from '@meltemi/base';

const RESAMPLES = 2_000;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The median with its 95 % interval by bootstrap. */
export interface Estimate {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export function estimate(values: readonly number[]): Estimate {
  const dice = seededDice(1);
  const draw = () => values.map(() => values[Math.floor(dice.roll() * values.length)]!);
  const medians = Array.from({ length: RESAMPLES }, () => median(draw())).sort((a, b) => a - b);
  return {
    median: median(values),
    low: medians[Math.floor(RESAMPLES * 0.025)]!,
    high: medians[Math.floor(RESAMPLES * 0.975)]!,
  };
}
