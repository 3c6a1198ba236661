// Results of the benchmark → a table for people.
import type { Goal } from './bench-case.ts';
import { type CaseResult, pairedRatio, type SideResult } from './paired.ts';
import type { Estimate } from './statistics.ts';

/** Share of the CPU; more of it is said. */
const MAX_FOREIGN = 0.05;

const COLUMNS: readonly (readonly [string, (result: CaseResult) => string])[] = [
  ['case', (result) => result.name],
  ['ours', ({ sides }) => number(sides[0]!.value)],
  ['Envoy', ({ sides }) => number(sides[1]!.value)],
  ['unit', ({ goal }) => goal.unit],
  ['ratio', ({ ratio }) => ratio.median.toFixed(2)],
  ['95 %', ({ ratio }) => `${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)}`],
  ['bar', ({ goal }) => sign(goal) + String(goal.bar)],
  ['aim', ({ goal }) => sign(goal) + String(goal.aim)],
  ['met', ({ verdict }) => `${verdict.reached}${verdict.sure ? '' : ' ?'}`],
  ['floor', ({ floor }) => (floor ? number(floor.value) : '')],
  ['MiB ours/Envoy', ({ sides }) => `${sides[0]!.memory.toFixed(0)}/${sides[1]!.memory.toFixed(0)}`],
];

/** One line a case, and below what the columns mean and what else was seen. */
export function resultTable(results: readonly CaseResult[]): string {
  const rows = [COLUMNS.map(([title]) => title), ...results.map((result) => COLUMNS.map(([, cell]) => cell(result)))];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  return `${[...lines, '', ...results.flatMap(remarks)].join('\n')}\n`;
}

function sign({ better }: Goal): string {
  return better === 'less' ? '≤ ' : '≥ ';
}

function remarks({ name, title, sides, goal, floor, foreignLoad }: CaseResult): readonly string[] {
  const others = sides
    .slice(2)
    .map(
      (side) => `${side.name} ${number(side.value)} ${goal.unit}, ours ${interval(pairedRatio(sides[0]!, side))} of it`,
    );
  const notes = sides.slice(0, 2).flatMap(noted);
  const disturbance =
    foreignLoad > MAX_FOREIGN ? [`DISTURBED: others took ${(foreignLoad * 100).toFixed(0)} % of the CPU`] : [];
  const below = floor ? [`floor: ${floor.what}`] : [];
  return [`${name}: ${[title, ...notes, ...others, ...below, ...disturbance].join('; ')}`];
}

function noted({ name, notes }: SideResult): readonly string[] {
  const entries = Object.entries(notes);
  return entries.length === 0
    ? []
    : [`${name} ${entries.map(([what, value]) => `${number(value)} ${what}`).join(', ')}`];
}

function interval({ median, low, high }: Estimate): string {
  return `${median.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;
}

function number(value: number): string {
  if (value >= 1000) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(3);
}
