// Costs of the control planes → a table for people: ours, istiod's, their ratio and what it is to be.
import type { Variant } from './ads-client.ts';
import type { StepCost, StepName, VariantCosts } from './measure-xds.ts';

export interface SideCosts {
  readonly name: string;
  readonly costs: VariantCosts;
}

/** Bars and aims of ratios of ours to istiod's. */
const GOALS: readonly {
  readonly step: StepName;
  readonly title: string;
  readonly key: keyof StepCost;
  readonly bar: number;
  readonly aim: number | undefined;
  /** Where a variant has another. */
  readonly barOf?: Readonly<Partial<Record<Variant, number>>>;
}[] = [
  { step: 'initial', title: 'first sync, CPU s', key: 'cpu', bar: 0.2, aim: 0.08 },
  { step: 'initial', title: 'first sync, s', key: 'seconds', bar: 1, aim: undefined },
  { step: 'weight', title: 'one VirtualService, CPU s', key: 'cpu', bar: 0.1, aim: 0.03 },
  { step: 'weight', title: 'one VirtualService, s', key: 'seconds', bar: 0.2, aim: 0.08 },
  { step: 'weight', title: 'one VirtualService, bytes', key: 'bytes', bar: 1, aim: undefined, barOf: { sotw: 0.3 } },
  { step: 'endpoint', title: 'one endpoint, CPU s', key: 'cpu', bar: 0.05, aim: 0.01 },
  { step: 'endpoint', title: 'one endpoint, s', key: 'seconds', bar: 0.1, aim: 0.03 },
  { step: 'endpoint', title: 'one endpoint, bytes', key: 'bytes', bar: 1, aim: undefined },
  { step: 'storm', title: '50 endpoints a second, CPU s', key: 'cpu', bar: 0.2, aim: 0.05 },
  { step: 'storm', title: '50 endpoints a second, p99 s', key: 'seconds', bar: 0.3, aim: 0.1 },
  { step: 'crowd', title: 'all connect at once, CPU s', key: 'cpu', bar: 0.4, aim: undefined },
  { step: 'crowd', title: 'all connect at once, s', key: 'seconds', bar: 0.4, aim: 0.15 },
];
const MEMORY_GOAL = { bar: 0.5, aim: 0.25 };

/** `sides`: ours, then istiod's if it was measured, then others. */
export function costTable(title: string, variant: Variant, sides: readonly SideCosts[]): string {
  const rows = GOALS.flatMap(({ step, title: what, key, bar, aim, barOf }) => {
    const values = sides.map(({ costs }) => costs.steps[step]?.[key]);
    return values.some((value) => value !== undefined) ? [row(what, values, barOf?.[variant] ?? bar, aim)] : [];
  });
  const memory = row(
    'RSS, MiB',
    sides.map(({ costs }) => costs.memory),
    MEMORY_GOAL.bar,
    MEMORY_GOAL.aim,
  );
  const head = ['case', ...sides.map(({ name }) => name), 'ratio', 'bar', 'aim'];
  return `${title}\n${aligned([head, ...rows, memory])}\n`;
}

/** Costs of one control plane as the mesh grows: a line for each size. */
export function curveTable(points: readonly CurvePoint[]): string {
  const head = ['services', 'clients', 'one VirtualService, CPU s', 's', 'one endpoint, CPU s', 's', 'RSS, MiB'];
  const rows = points.map(({ services, clients, costs: { steps, memory } }) => [
    String(services),
    String(clients),
    ...[steps.weight?.cpu, steps.weight?.seconds, steps.endpoint?.cpu, steps.endpoint?.seconds, memory].map(number),
  ]);
  return `${aligned([head, ...rows])}\n`;
}

export interface CurvePoint {
  readonly services: number;
  readonly clients: number;
  readonly costs: VariantCosts;
}

function row(
  title: string,
  values: readonly (number | undefined)[],
  bar: number,
  aim: number | undefined,
): readonly string[] {
  const [ours, theirs] = values;
  const ratio = ours !== undefined && theirs !== undefined ? (ours / theirs).toPrecision(2) : '';
  return [title, ...values.map(number), ratio, `≤ ${bar}`, aim === undefined ? '' : `≤ ${aim}`];
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((each) => each[column]!.length)));
  return rows
    .map((each) =>
      each
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function number(value: number | undefined): string {
  if (value === undefined) return '';
  if (value >= 1e6) return `${(value / 1e6).toFixed(1)} M`;
  if (value >= 1e4) return `${(value / 1e3).toFixed(0)} k`;
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
