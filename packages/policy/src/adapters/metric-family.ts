// Values with labels → one metric's series: sums, last values or distributions, so many at most.
import type { Clock } from '@meltemi/base';

export interface MetricDefinition {
  /** Whole: `istio_requests_total`. */
  readonly name: string;
  readonly help: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  /** Upper bounds, rising, of a histogram. */
  readonly bounds: readonly number[];
  /** A series without a value for so long is forgotten; 0: never. */
  readonly expiryMs: number;
}

interface Series {
  readonly labels: string;
  value: number;
  count: number;
  readonly buckets: number[];
  usedMs: number;
}

/** What one label with a value for each request would otherwise do to the memory of Mixer and of Prometheus. */
export const MAX_SERIES = 10_000;

export class MetricFamily {
  readonly definition: MetricDefinition;
  readonly #clock: Clock;
  readonly #series = new Map<string, Series>();
  #refused = 0;

  constructor(definition: MetricDefinition, clock: Clock) {
    this.definition = definition;
    this.#clock = clock;
  }

  /** Values that no series was made for, because there were too many. */
  get refused(): number {
    return this.#refused;
  }

  /** `labels` in the order of the definition. */
  record(value: number, labels: readonly string[]): void {
    const series = this.#find(labels);
    if (!series) return void this.#refused++;
    series.usedMs = this.#clock.monotonic();
    if (this.definition.kind === 'gauge') series.value = value;
    else series.value += value;
    if (this.definition.kind !== 'histogram') return;
    series.count++;
    const bucket = this.definition.bounds.findIndex((bound) => value <= bound);
    if (bucket >= 0) series.buckets[bucket]! += 1;
  }

  text(): string {
    this.#forget();
    const { name, help, kind } = this.definition;
    const samples = [...this.#series.values()].map((series) => this.#samples(series));
    return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${kind}\n${samples.join('')}`;
  }

  #find(labels: readonly string[]): Series | undefined {
    // With lengths, so that no two lists have one key.
    let key = '';
    for (const label of labels) key += `${label.length}:${label}`;
    const known = this.#series.get(key);
    if (known) return known;
    if (this.#series.size >= MAX_SERIES) this.#forget();
    if (this.#series.size >= MAX_SERIES) return undefined;
    const pairs = this.definition.labels.map((name, index) => `${name}="${escapeLabel(labels[index]!)}"`);
    const buckets = this.definition.bounds.map(() => 0);
    const series = { labels: pairs.join(','), value: 0, count: 0, buckets, usedMs: 0 };
    this.#series.set(key, series);
    return series;
  }

  #forget(): void {
    const { expiryMs } = this.definition;
    if (expiryMs === 0) return;
    const oldest = this.#clock.monotonic() - expiryMs;
    for (const [key, { usedMs }] of this.#series) if (usedMs < oldest) this.#series.delete(key);
  }

  #samples({ labels, value, count, buckets }: Series): string {
    const { name, kind, bounds } = this.definition;
    const all = labels === '' ? '' : `{${labels}}`;
    if (kind !== 'histogram') return `${name}${all} ${numberText(value)}\n`;
    const before = labels === '' ? '' : `${labels},`;
    let below = 0;
    const lines = bounds.map((bound, index) => {
      below += buckets[index]!;
      return `${name}_bucket{${before}le="${numberText(bound)}"} ${below}\n`;
    });
    const whole = `${name}_bucket{${before}le="+Inf"} ${count}\n`;
    return `${lines.join('')}${whole}${name}_sum${all} ${numberText(value)}\n${name}_count${all} ${count}\n`;
  }
}

function numberText(value: number): string {
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : value < 0 ? '-Inf' : 'NaN';
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
