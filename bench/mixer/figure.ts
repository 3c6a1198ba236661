// One figure of what policy costs: what was measured, beside what it is compared with, in one run.
import { estimate, type Estimate } from '../support/statistics.ts';

export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  readonly beside: number;
  readonly ratio: Estimate;
  readonly bar: number;
  readonly aim: number;
}

export interface Goal {
  readonly name: string;
  readonly unit: string;
  readonly bar: number;
  readonly aim: number;
}

/** Rounds of both, measured in turn. */
export function figure(goal: Goal, ours: readonly number[], beside: readonly number[]): Figure {
  const ratios = ours.map((value, round) => value / beside[round]!);
  return { ...goal, ours: estimate(ours).median, beside: estimate(beside).median, ratio: estimate(ratios) };
}

export function table(figures: readonly Figure[]): string {
  const rows = [
    ['figure', 'ours', 'beside', 'unit', 'ratio', '95 %', 'bar', 'aim', 'met'],
    ...figures.map(({ name, unit, ours, beside, ratio, bar, aim }) => [
      name,
      ours.toPrecision(3),
      beside.toPrecision(3),
      unit,
      ratio.median.toFixed(3),
      `${ratio.low.toFixed(3)}–${ratio.high.toFixed(3)}`,
      `≤ ${bar}`,
      `≤ ${aim}`,
      ratio.median <= aim ? 'aim' : ratio.median <= bar ? 'bar' : 'no',
    ]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}
