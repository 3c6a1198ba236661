// Pilot's metrics by Istio's names, and their text for Prometheus.
// https://istio.io/latest/docs/reference/commands/pilot-discovery/#metrics

type LabelSet = Readonly<Record<string, string>>;

/** Istio's buckets of pilot_proxy_convergence_time, finer below. */
const SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 3, 5, 10, 20, 30];

/** Istio's buckets of pilot_xds_config_size_bytes. */
export const BYTES: readonly number[] = [1, 10_000, 1_000_000, 4_000_000, 10_000_000, 40_000_000];

interface Distribution {
  readonly counts: number[];
  sum: number;
  total: number;
}

interface Family {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** Upper bounds of a histogram's buckets. */
  readonly bounds: readonly number[];
  readonly values: Map<string, number>;
  readonly distributions: Map<string, Distribution>;
}

export class PilotMetrics {
  readonly #families = new Map<string, Family>();

  count(name: string, help: string, labels: LabelSet = {}, by = 1): void {
    const { values } = this.#family(name, 'counter', help);
    const key = render(labels);
    values.set(key, (values.get(key) ?? 0) + by);
  }

  set(name: string, help: string, value: number, labels: LabelSet = {}): void {
    this.#family(name, 'gauge', help).values.set(render(labels), value);
  }

  /** All values of a gauge: others that it had are gone. */
  setAll(name: string, help: string, values: Iterable<readonly [LabelSet, number]>): void {
    const family = this.#family(name, 'gauge', help);
    family.values.clear();
    for (const [labels, value] of values) family.values.set(render(labels), value);
  }

  /** In buckets of seconds, unless other bounds are given with the first value. */
  observe(name: string, help: string, value: number, labels: LabelSet = {}, bounds: readonly number[] = SECONDS): void {
    const { distributions, bounds: buckets } = this.#family(name, 'histogram', help, bounds);
    const key = render(labels);
    const known = distributions.get(key) ?? { counts: buckets.map(() => 0), sum: 0, total: 0 };
    for (const [index, bound] of buckets.entries()) if (value <= bound) known.counts[index]!++;
    known.sum += value;
    known.total++;
    distributions.set(key, known);
  }

  /** Prometheus' text format, version 0.0.4. */
  text(): string {
    return [...this.#families].map(([name, family]) => familyText(name, family)).join('');
  }

  #family(name: string, kind: Family['kind'], help: string, bounds: readonly number[] = []): Family {
    const known = this.#families.get(name);
    if (known) return known;
    const values = new Map<string, number>();
    const family = { kind, help, bounds, values, distributions: new Map<string, Distribution>() };
    this.#families.set(name, family);
    return family;
  }
}

function familyText(name: string, { kind, help, bounds, values, distributions }: Family): string {
  const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`];
  for (const [labels, value] of values) lines.push(`${name}${braces(labels)} ${value}`);
  for (const [labels, { counts, sum, total }] of distributions) {
    const bucket = (bound: string) => braces([labels, `le="${bound}"`].filter(Boolean).join(','));
    for (const [index, bound] of bounds.entries())
      lines.push(`${name}_bucket${bucket(String(bound))} ${counts[index]}`);
    lines.push(`${name}_bucket${bucket('+Inf')} ${total}`);
    lines.push(`${name}_sum${braces(labels)} ${sum}`, `${name}_count${braces(labels)} ${total}`);
  }
  return `${lines.join('\n')}\n`;
}

function render(labels: LabelSet): string {
  return Object.entries(labels)
    .map(
      ([name, value]) => `${name}="${value.replaceAll(/["\\\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`))}"`,
    )
    .join(',');
}

function braces(labels: string): string {
  return labels ? `{${labels}}` : '';
}
