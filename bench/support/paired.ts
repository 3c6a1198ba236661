// Measures rivals in turn, round after round, and sums up what each needs beside Envoy.
import { type RunningRival } from './rival.ts';
import { type Estimate, estimate, median } from './statistics.ts';

/** One rival under load for a while. */
export interface Window {
  /** CPU-microseconds per request. */
  readonly cpu: number;
  /** Requests a second. */
  readonly rate: number;
}

export interface Row {
  readonly name: string;
  /** CPU-microseconds per request, median. */
  readonly cpu: number;
  /** Requests a second of the window, median. */
  readonly rate: number;
  /** Of the paired ratios to Envoy. */
  readonly toEnvoy: Estimate;
}

/** Every round measures all in turn, the next one in the opposite order. */
export async function measurePaired(
  runners: readonly RunningRival[],
  rounds: number,
  window: (runner: RunningRival) => Promise<Window>,
  onRound: (round: number) => void,
): Promise<readonly Row[]> {
  const results: ReadonlyMap<string, Window>[] = [];
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? runners : [...runners].reverse();
    const result = new Map<string, Window>();
    for (const runner of order) result.set(runner.name, await window(runner));
    results.push(result);
    onRound(round + 1);
  }
  return sum(runners, results);
}

function sum(runners: readonly RunningRival[], results: readonly ReadonlyMap<string, Window>[]): readonly Row[] {
  return runners.map(({ name }) => ({
    name,
    cpu: median(results.map((result) => result.get(name)!.cpu)),
    rate: median(results.map((result) => result.get(name)!.rate)),
    toEnvoy: estimate(results.map((result) => result.get(name)!.cpu / result.get('envoy')!.cpu)),
  }));
}

/** For people. */
export function pairedTable(rows: readonly Row[], conditions: string): string {
  const line = (cells: readonly string[]) =>
    `${cells[0]!.padEnd(10)}${cells
      .slice(1)
      .map((cell) => cell.padStart(18))
      .join('')}\n`;
  const ratio = ({ median: middle, low, high }: Estimate) =>
    `${middle.toFixed(2)} [${low.toFixed(2)}–${high.toFixed(2)}]`;
  return [
    line(['proxy', 'CPU µs/request', 'requests/s', 'of Envoy [95 %]']),
    ...rows.map((row) => line([row.name, row.cpu.toFixed(1), row.rate.toFixed(0), ratio(row.toEnvoy)])),
    `${conditions}\n`,
  ].join('');
}
