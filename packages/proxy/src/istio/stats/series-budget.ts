// How many label sets Istio's metrics of one process may have: a client that invents hosts must not fill the memory.
import type { Counter, Gauge, StatsStore } from '@meltemi/telemetry';

/** All listeners together. A label set is a counter and three histograms at most, about 2 KB. */
export const LABEL_SETS = 4_096;

/** What it does is told by `istio_stats.label_sets`, `istio_stats.label_sets_limit` and `istio_stats.rolled_up_total`. */
export class SeriesBudget {
  readonly #limit: number;
  readonly #held: Gauge;
  readonly #rolledUp: Counter;

  constructor(stats: StatsStore, limit = LABEL_SETS) {
    const scope = stats.scope('istio_stats');
    this.#limit = limit;
    this.#held = scope.gauge('label_sets');
    this.#rolledUp = scope.counter('rolled_up_total');
    scope.gauge('label_sets_limit').set(limit);
  }

  /** Whether there is room for one more; counts it then. */
  take(): boolean {
    if (this.#held.value >= this.#limit) return false;
    this.#held.increment();
    return true;
  }

  giveBack(labelSets: number): void {
    this.#held.add(-labelSets);
  }

  /** A request or connection was counted with others of other labels. */
  countRolledUp(): void {
    this.#rolledUp.increment();
  }
}

const budgets = new WeakMap<StatsStore, SeriesBudget>();

/** The one of a store: its metrics share it. */
export function seriesBudgetOf(stats: StatsStore): SeriesBudget {
  const known = budgets.get(stats) ?? new SeriesBudget(stats);
  budgets.set(stats, known);
  return known;
}
