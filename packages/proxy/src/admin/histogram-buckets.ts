// Writes histograms by their buckets, as `/stats?histogram_buckets=` asks.
import { type Histogram, HISTOGRAM_BOUNDS, type Stat } from '@meltemi/telemetry';

export type BucketMode = 'cumulative' | 'disjoint';

type HistogramStat = Extract<Stat, { kind: 'histogram' }>;

/** `name: B0.5(interval,cumulative) …`; there are no intervals here, so the first is always 0. */
export function bucketLine({ name, cell }: HistogramStat, mode: BucketMode): string {
  if (!cell.used) return `${name.text}: No recorded values\n`;
  return `${name.text}: ${buckets(cell, mode)
    .map(([bound, count]) => `B${bound}(0,${count})`)
    .join(' ')}\n`;
}

export function bucketJson({ name, cell }: HistogramStat, mode: BucketMode): object {
  const listed = buckets(cell, mode).map(([bound, count]) => ({ upper_bound: bound, interval: 0, cumulative: count }));
  return { name: name.text, buckets: listed };
}

function buckets(histogram: Histogram, mode: BucketMode): readonly (readonly [bound: number, count: number])[] {
  let below = 0;
  return HISTOGRAM_BOUNDS.map((bound, index) => {
    const own = histogram.buckets[index] ?? 0;
    below += own;
    return [bound, mode === 'cumulative' ? below : own];
  });
}
