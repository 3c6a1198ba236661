// Measures the sides of a case in turn, round after round, and sums up what ours needs beside Envoy's.
import type { BenchCase, Floor, Goal, Side, Trial, Window } from './bench-case.ts';
import { watchForeignLoad } from './foreign-load.ts';
import type { Lab } from './lab.ts';
import type { Program } from './program.ts';
import { type Estimate, estimate, median } from './statistics.ts';

export interface SideResult {
  readonly name: string;
  /** Median over the rounds. */
  readonly value: number;
  readonly rounds: readonly number[];
  /** Medians. */
  readonly notes: Readonly<Record<string, number>>;
  /** Resident memory after all rounds, MiB. */
  readonly memory: number;
}

export interface CaseResult {
  readonly name: string;
  readonly title: string;
  readonly goal: Goal;
  /** Ours first, then Envoy's, then others. */
  readonly sides: readonly SideResult[];
  /** Of the paired ratios of ours to Envoy's. */
  readonly ratio: Estimate;
  readonly verdict: Verdict;
  readonly floor?: Floor;
  /** Share of the proxies' CPU that others took meanwhile: above a few hundredths the numbers mean little. */
  readonly foreignLoad: number;
}

/** `sure`: the whole 95 % interval says so. */
export interface Verdict {
  readonly reached: 'aim' | 'bar' | 'missed';
  readonly sure: boolean;
}

/** `programs`: ours, Envoy, others. Every round measures all in turn, the next one in the opposite order. Rejects when a side answers wrong. */
export async function measureCase(
  benchCase: BenchCase,
  lab: Lab,
  programs: readonly Program[],
  rounds: number,
): Promise<CaseResult> {
  const trial = await benchCase.prepare(lab);
  const sides = await startSides(trial, programs);
  for (const side of sides) await trial.check(side);
  for (const side of sides) await trial.warmUp(side);
  await trial.calibrate?.(sides);
  const foreignLoadSince = watchForeignLoad(sides.flatMap(({ members }) => members));
  const windows = await measureRounds(trial, sides, rounds);
  const foreignLoad = foreignLoadSince();
  const results = sides.map((side) => sideResult(side, windows.get(side)!));
  const ratio = pairedRatio(results[0]!, results[1]!);
  const floor = await trial.floor?.();
  const { name, title, goal } = benchCase;
  return {
    name,
    title,
    goal,
    sides: results,
    ratio,
    verdict: judge(ratio, goal),
    ...(floor && { floor }),
    foreignLoad,
  };
}

/** Of the rounds' values, each with that of the same round. */
export function pairedRatio(one: SideResult, other: SideResult): Estimate {
  return estimate(one.rounds.map((value, round) => value / other.rounds[round]!));
}

async function startSides(trial: Trial, programs: readonly Program[]): Promise<readonly Side[]> {
  const sides: Side[] = [];
  for (const program of programs) sides.push({ name: program.name, members: await trial.start(program) });
  for (const other of trial.others ?? []) sides.push({ name: other.program.name, members: await other.start() });
  return sides;
}

async function measureRounds(
  trial: Trial,
  sides: readonly Side[],
  rounds: number,
): Promise<ReadonlyMap<Side, readonly Window[]>> {
  const windows = new Map<Side, Window[]>(sides.map((side) => [side, []]));
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? sides : [...sides].reverse();
    for (const side of order) windows.get(side)!.push(await trial.window(side));
  }
  return windows;
}

function sideResult({ name, members }: Side, windows: readonly Window[]): SideResult {
  const rounds = windows.map((window) => window.value);
  const names = Object.keys(windows[0]?.notes ?? {});
  const notes = names.map((name) => [name, median(windows.map((window) => window.notes![name]!))] as const);
  const memory = members.reduce((sum, member) => sum + member.memory(), 0);
  return { name, value: median(rounds), rounds, notes: Object.fromEntries(notes), memory };
}

function judge(ratio: Estimate, { better, bar, aim }: Goal): Verdict {
  const reaches = (value: number, mark: number) => (better === 'less' ? value <= mark : value >= mark);
  const worst = better === 'less' ? ratio.high : ratio.low;
  const best = better === 'less' ? ratio.low : ratio.high;
  if (reaches(ratio.median, aim)) return { reached: 'aim', sure: reaches(worst, aim) };
  if (reaches(ratio.median, bar)) return { reached: 'bar', sure: reaches(worst, bar) };
  return { reached: 'missed', sure: !reaches(best, bar) };
}
