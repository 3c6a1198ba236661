// The result of a soak → a summary for people, and what was missed of what it must reach.
import type { SoakResult } from './soak.ts';
import { type Measure, trend } from './trend.ts';

export interface SoakReport {
  readonly text: string;
  /** Empty: all is well. */
  readonly missed: readonly string[];
}

/** Growth over the last two thirds that noise explains: a share of the mean, and so many units. */
const BOUNDS: Readonly<Record<Measure, { readonly share: number; readonly units: number }>> = {
  rss: { share: 0.1, units: 8 },
  heap: { share: 0.05, units: 1.5 },
  external: { share: 0.2, units: 4 },
  files: { share: 0.1, units: 12 },
  timers: { share: 0.1, units: 12 },
};
const UNITS: Readonly<Record<Measure, string>> = {
  rss: 'MiB',
  heap: 'MiB',
  external: 'MiB',
  files: 'open',
  timers: 'set',
};
/** Fewer samples tell nothing. */
const MIN_SAMPLES = 12;

export function soakReport(result: SoakResult): SoakReport {
  const { traffic, churn, mirrored, rotations, seconds, troubles } = result;
  const kinds = [...traffic.sent].map(([kind, count]) => `${kind} ${count}`).join(', ');
  const changes = Object.entries(churn).map(([what, count]) => `${what} ${count}`);
  const growth = growthLines(result);
  const missed = [
    ...(traffic.failed > 0 ? [`${traffic.failed} requests failed`, ...traffic.failures] : []),
    ...(mirrored < (traffic.sent.get('mirror') ?? 0) ? [`only ${mirrored} mirrored requests came`] : []),
    ...[...traffic.sent].filter(([, count]) => count === 0).map(([kind]) => `nothing of kind ${kind} was sent`),
    ...growth.flatMap(({ missed: line }) => line ?? []),
    ...troubles,
  ];
  const text = [
    `${(seconds / 60).toFixed(1)} minutes`,
    `sent: ${kinds}`,
    `failed: ${traffic.failed}; sent again after a kept connection was closed: ${traffic.resent}; mirrored: ${mirrored}`,
    `changes: ${changes.join(', ')}, certificates ${rotations}`,
    ...growth.map(({ line }) => line),
    ...missed.map((line) => `MISSED: ${line}`),
  ];
  return { text: `${text.join('\n')}\n`, missed };
}

function growthLines({ samples }: SoakResult): readonly { readonly line: string; readonly missed?: string }[] {
  return [...samples].flatMap(([sidecar, seen]) => {
    if (seen.length < MIN_SAMPLES) {
      const few = `${sidecar}: only ${seen.length} samples`;
      return [{ line: few, missed: few }];
    }
    return (Object.keys(BOUNDS) as Measure[]).map((measure) => {
      const { mean, slope, growth } = trend(seen, measure);
      const bound = mean * BOUNDS[measure].share + BOUNDS[measure].units;
      const line = `${sidecar} ${measure}: mean ${mean.toFixed(1)} ${UNITS[measure]}, ${slope.toFixed(3)} a minute, ${growth.toFixed(1)} in all (at most ${bound.toFixed(1)})`;
      return growth > bound ? { line, missed: line } : { line };
    });
  });
}
