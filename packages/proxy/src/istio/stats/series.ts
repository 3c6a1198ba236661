// Keeps the cells of metrics by their labels, up to a limit: what comes above it is counted together.
import type { Labels } from '@meltemi/base';
import type { Counter, Histogram, StatsStore } from '@meltemi/telemetry';
import type { MetricName } from './metric-names.ts';
import type { SeriesBudget } from './series-budget.ts';

/** Labels that keep their values where others become `other`. */
const OUTCOME = ['reporter', 'request_protocol', 'response_code', 'connection_security_policy'];
/** Outcomes of which each is counted for itself. */
const ROLLED_UP_LIMIT = 64;

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

/** One entry a label set, made when it is first seen and there is room for it. */
export class SeriesTable<Cells> {
  readonly #make: (labels: Labels) => Cells;
  readonly #budget: SeriesBudget;
  readonly #byKey = new Map<string, Cells>();
  readonly #rolledUp = new Map<string, Cells>();

  constructor(make: (labels: Labels) => Cells, budget: SeriesBudget) {
    this.#make = make;
    this.#budget = budget;
  }

  get(key: string, labels: () => Labels): Cells {
    const known = this.#byKey.get(key);
    if (known) return known;
    if (!this.#budget.take()) return this.#together(labels());
    const made = this.#make(labels());
    this.#byKey.set(key, made);
    return made;
  }

  close(): void {
    this.#budget.giveBack(this.#byKey.size);
    this.#byKey.clear();
    this.#rolledUp.clear();
  }

  /** By their outcome, so that rates of errors stay right; should there be too many of these as well, in one. */
  #together(labels: Labels): Cells {
    this.#budget.countRolledUp();
    const outcome = rolledUp(labels, OUTCOME);
    const key = OUTCOME.map((label) => outcome[label]).join(' ');
    const known = this.#rolledUp.get(key);
    if (known) return known;
    const all = this.#rolledUp.size >= ROLLED_UP_LIMIT;
    const [place, shown] = all ? ['', rolledUp(labels, ['reporter'])] : [key, outcome];
    const cells = this.#rolledUp.get(place) ?? this.#make(shown);
    this.#rolledUp.set(place, cells);
    return cells;
  }
}

function rolledUp(labels: Labels, kept: readonly string[]): Labels {
  return Object.fromEntries(
    Object.entries(labels).map(([name, value]) => [name, kept.includes(name) ? value : 'other']),
  );
}
