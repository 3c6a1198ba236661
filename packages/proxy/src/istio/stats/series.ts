// Keeps the cells of metrics by their labels, up to a limit: what comes above it is counted together.
import type { Labels } from '@meltemi/base';
import type { Counter, Histogram, StatsStore } from '@meltemi/telemetry';
import type { MetricName } from './metric-names.ts';

/** Label sets of one reporter. A client that invents hosts must not fill the memory. */
export const SERIES_LIMIT = 4_096;

/** Finds cells and gives them back at the end. */
export class SeriesCells {
  readonly #stats: StatsStore;
  readonly #held: Parameters<StatsStore['release']>[0][] = [];

  constructor(stats: StatsStore) {
    this.#stats = stats;
  }

  counter(metric: MetricName, labels: Labels): Counter {
    return this.#stats.counter(this.#name(metric, labels));
  }

  histogram(metric: MetricName, labels: Labels): Histogram {
    return this.#stats.histogram(this.#name(metric, labels));
  }

  close(): void {
    for (const name of this.#held) this.#stats.release(name);
    this.#held.length = 0;
  }

  #name(metric: MetricName, labels: Labels) {
    const shown = Object.keys(labels).map((label) => `${label}.${labels[label]}`);
    const name = { text: `istio.istio_${metric}.${shown.join('.')}`, metric: `istio_${metric}`, labels };
    this.#held.push(name);
    return name;
  }
}

/** One entry a label set, made when it is first seen. */
export class SeriesTable<Cells> {
  readonly #make: (labels: Labels) => Cells;
  readonly #limit: number;
  readonly #byKey = new Map<string, Cells>();
  #rolledUp: Cells | undefined;

  constructor(make: (labels: Labels) => Cells, limit = SERIES_LIMIT) {
    this.#make = make;
    this.#limit = limit;
  }

  get(key: string, labels: () => Labels): Cells {
    const known = this.#byKey.get(key);
    if (known) return known;
    if (this.#byKey.size < this.#limit) {
      const made = this.#make(labels());
      this.#byKey.set(key, made);
      return made;
    }
    this.#rolledUp ??= this.#make(rolledUp(labels()));
    return this.#rolledUp;
  }
}

function rolledUp(labels: Labels): Labels {
  return Object.fromEntries(
    Object.entries(labels).map(([name, value]) => [name, name === 'reporter' ? value : 'other']),
  );
}
