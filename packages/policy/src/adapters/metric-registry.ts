// Metrics by definition and labels → Prometheus' text. Handlers that define a metric alike count in the same one.
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
import type { Clock } from '@meltemi/base';

import { MetricFamily, type MetricDefinition } from './metric-family.ts';

interface Held {
  readonly family: MetricFamily;
  holders: number;
}

export class MetricRegistry {
  readonly #clock: Clock;
  readonly #families = new Map<string, Held>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Each open is for one close. */
  open(definition: MetricDefinition): MetricFamily {
    const key = JSON.stringify(definition);
    const held = this.#families.get(key) ?? { family: new MetricFamily(definition, this.#clock), holders: 0 };
    held.holders++;
    this.#families.set(key, held);
    return held.family;
  }

  close({ definition }: MetricFamily): void {
    const key = JSON.stringify(definition);
    const held = this.#families.get(key);
    if (held && --held.holders === 0) this.#families.delete(key);
  }

  /** Of two definitions with one name the later one shows: the format allows one. */
  text(): string {
    const families = [...this.#families.values()].map(({ family }) => family);
    const byName = new Map(families.map((family) => [family.definition.name, family]));
    const shown = [...byName.values()].sort((a, b) => (a.definition.name < b.definition.name ? -1 : 1));
    const refused = shown.filter((family) => family.refused > 0);
    const lines = refused.map(({ definition, refused: count }) => `${REFUSED}{metric="${definition.name}"} ${count}\n`);
    const note = refused.length > 0 ? `# TYPE ${REFUSED} counter\n${lines.join('')}` : '';
    return shown.map((family) => family.text()).join('') + note;
  }
}

const REFUSED = 'mixer_prometheus_values_refused_total';
