// Writes stats in the shape of Envoy's `/stats?format=json`.
import type { Stat } from './held-stat.ts';

const QUANTILES: readonly number[] = [0, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 100];

type JsonStat = { readonly name: string; readonly value: number } | { readonly histograms: object };

/** A value that is ready for JSON.stringify; empty histograms have null quantiles. */
export function statsJson(stats: readonly Stat[]): { readonly stats: readonly JsonStat[] } {
  const numbers = stats.filter((stat) => stat.kind !== 'histogram');
  const histograms = stats.filter((stat) => stat.kind === 'histogram');
  const listed: JsonStat[] = numbers.map((stat) => ({ name: stat.name.text, value: stat.cell.value }));
  if (histograms.length > 0) listed.push({ histograms: histogramsJson(histograms) });
  return { stats: listed };
}

function histogramsJson(histograms: readonly Extract<Stat, { kind: 'histogram' }>[]): object {
  const computed = histograms.map(({ name, cell }) => ({
    name: name.text,
    values: QUANTILES.map((quantile) => ({
      interval: null,
      cumulative: cell.used ? Math.round(cell.quantile(quantile / 100) * 1000) / 1000 : null,
    })),
  }));
  return { supported_quantiles: QUANTILES, computed_quantiles: computed };
}
