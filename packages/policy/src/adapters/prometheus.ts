// The adapter that counts metrics for Prometheus: instances → series with the labels that the configuration names.
// https://istio.io/v1.0/docs/reference/config/policy-and-telemetry/adapters/prometheus/
import { formatValue } from '../values/format-value.ts';

import type { Handler, Metric, ReportInstance } from './adapter.ts';
import type { MetricDefinition, MetricFamily } from './metric-family.ts';
import type { MetricRegistry } from './metric-registry.ts';
import { numberValue } from './number-value.ts';
import type { SpecReader } from './spec-reader.ts';

const KINDS = ['UNSPECIFIED', 'GAUGE', 'COUNTER', 'DISTRIBUTION'] as const;
const KIND_TEXT = { UNSPECIFIED: 'gauge', GAUGE: 'gauge', COUNTER: 'counter', DISTRIBUTION: 'histogram' } as const;

/** What Prometheus' clients take where nothing else is said; seconds. */
const DEFAULT_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const MAX_BUCKETS = 1000;

export function prometheus(spec: SpecReader, registry: MetricRegistry): Handler {
  const expiryMs = spec.object('metricsExpirationPolicy').durationMs('metricsExpiryDuration', 0);
  const families = new Map<string, MetricFamily>();
  for (const metric of spec.objects('metrics')) {
    const instance = metric.text('instanceName');
    if (families.has(instance)) metric.refuse('instanceName', `${JSON.stringify(instance)} is there twice`);
    else families.set(instance, registry.open(readDefinition(metric, expiryMs)));
  }
  return {
    templates: ['metric'],
    report: (instance) => record(instance, families),
    close: () => families.forEach((family) => registry.close(family)),
  };
}

function record(instance: ReportInstance, families: ReadonlyMap<string, MetricFamily>): void {
  if (instance.template !== 'metric') return;
  const family = families.get(instance.name);
  const value = numberValue(instance.value);
  if (!family || value === undefined) return;
  family.record(value, labelValues(instance, family.definition.labels));
}

function labelValues({ dimensions }: Metric, labels: readonly string[]): readonly string[] {
  return labels.map((label) => {
    const value = dimensions.get(label);
    return value === undefined ? '' : formatValue(value);
  });
}

function readDefinition(metric: SpecReader, expiryMs: number): MetricDefinition {
  const kind = metric.oneOf('kind', KINDS);
  if (kind === 'UNSPECIFIED') metric.refuse('kind', 'must be GAUGE, COUNTER or DISTRIBUTION');
  const name = metric.text('name') || metric.text('instanceName').split('.')[0]!;
  if (name === '') metric.refuse('name', 'is required');
  const labels = metric.texts('labelNames');
  for (const [index, label] of labels.entries()) checkLabel(metric, label, index, labels);
  return {
    name: safeName(`${metric.text('namespace', 'istio') || 'istio'}_${name}`),
    help: metric.text('description') || name,
    kind: KIND_TEXT[kind],
    labels,
    bounds: kind === 'DISTRIBUTION' ? readBounds(metric.object('buckets')) : [],
    expiryMs,
  };
}

function checkLabel(metric: SpecReader, label: string, index: number, labels: readonly string[]): void {
  const refuse = (why: string) => metric.refuse(`labelNames[${index}]`, `${JSON.stringify(label)} ${why}`);
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label) || label.startsWith('__')) refuse('is no label of Prometheus');
  else if (labels.indexOf(label) < index) refuse('is there twice');
}

function safeName(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9_:]/g, '_');
}

function readBounds(buckets: SpecReader): readonly number[] {
  const [explicit, linear, exponential] = [
    buckets.object('explicitBuckets').numbers('bounds'),
    buckets.object('linearBuckets'),
    buckets.object('exponentialBuckets'),
  ];
  if (explicit.length > 0) return rising(explicit, buckets);
  const [lines, powers] = [linear.integer('numFiniteBuckets', 0), exponential.integer('numFiniteBuckets', 0)];
  const [offset, width] = [linear.number('offset', 0), linear.number('width', 0)];
  if (lines > 0)
    return rising(
      bounds(lines, buckets, (index) => offset + index * width),
      buckets,
    );
  const [scale, growth] = [exponential.number('scale', 0), exponential.number('growthFactor', 0)];
  if (powers > 0)
    return rising(
      bounds(powers, buckets, (index) => scale * growth ** index),
      buckets,
    );
  return DEFAULT_BOUNDS;
}

/** So many finite buckets have one bound more. */
function bounds(count: number, buckets: SpecReader, bound: (index: number) => number): readonly number[] {
  if (count <= MAX_BUCKETS) return Array.from({ length: count + 1 }, (_, index) => bound(index));
  buckets.refuse('numFiniteBuckets', `must not be above ${MAX_BUCKETS}`);
  return DEFAULT_BOUNDS;
}

function rising(given: readonly number[], buckets: SpecReader): readonly number[] {
  if (given.some((bound, index) => index > 0 && bound <= given[index - 1]!)) buckets.refuse('bounds', 'must rise');
  return given;
}
