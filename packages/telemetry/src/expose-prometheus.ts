// Writes stats in Prometheus' text format, one TYPE line a metric.
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
import type { Labels } from '@meltemi/base';
import { type Histogram, HISTOGRAM_BOUNDS } from './stat.ts';
import type { Stat } from './held-stat.ts';

/** The content type that goes with the text. */
export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** A metric that stands for two kinds keeps the first: the format allows one TYPE for a name. */
export function prometheusText(stats: readonly Stat[]): string {
  const metrics = Map.groupBy(stats, (stat) => stat.name.metric);
  return [...metrics].map(([metric, members]) => metricText(metric, members)).join('');
}

function metricText(metric: string, members: readonly Stat[]): string {
  const kind = members[0]!.kind;
  const samples = members.filter((stat) => stat.kind === kind).map(sampleText);
  return `# TYPE ${metric} ${kind}\n${samples.join('')}`;
}

function sampleText(stat: Stat): string {
  if (stat.kind === 'histogram') return histogramText(stat.name.metric, stat.name.labels, stat.cell);
  return `${stat.name.metric}${labelsText(stat.name.labels)} ${stat.cell.value}\n`;
}

function histogramText(metric: string, labels: Labels, histogram: Histogram): string {
  let below = 0;
  let text = '';
  for (const [bucket, bound] of HISTOGRAM_BOUNDS.entries()) {
    below += histogram.buckets[bucket]!;
    text += `${metric}_bucket${labelsText(labels, `le="${bound}"`)} ${below}\n`;
  }
  text += `${metric}_bucket${labelsText(labels, 'le="+Inf"')} ${histogram.count}\n`;
  return `${text}${metric}_sum${labelsText(labels)} ${histogram.sum}\n${metric}_count${labelsText(labels)} ${histogram.count}\n`;
}

function labelsText(labels: Labels, last?: string): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${labelName(name)}="${escapeLabel(value)}"`);
  if (last) pairs.push(last);
  return pairs.length > 0 ? `{${pairs.join(',')}}` : '';
}

function labelName(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9_]/g, '_');
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
