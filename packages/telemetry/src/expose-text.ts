// Writes stats as Envoy's `/stats` text: one `name: value` a line, sorted.
import type { Histogram } from './stat.ts';
import type { Stat } from './held-stat.ts';

const QUANTILES: readonly number[] = [0, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 100];

/** Envoy lists counters and gauges together, histograms after them. */
export function statsText(stats: readonly Stat[]): string {
  const numbers = stats
    .filter((stat) => stat.kind !== 'histogram')
    .map((stat) => `${stat.name.text}: ${stat.cell.value}\n`);
  const histograms = stats
    .filter((stat) => stat.kind === 'histogram')
    .map((stat) => histogramLine(stat.name.text, stat.cell));
  return numbers.join('') + histograms.join('');
}

/** Envoy writes `P50(interval,cumulative)`; there are no intervals here, so the first is always `nan`. */
function histogramLine(name: string, histogram: Histogram): string {
  if (!histogram.used) return `${name}: No recorded values\n`;
  const parts = QUANTILES.map((quantile) => `P${quantile}(nan,${rounded(histogram.quantile(quantile / 100))})`);
  return `${name}: ${parts.join(' ')}\n`;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
