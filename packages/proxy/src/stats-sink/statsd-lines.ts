// Turns stats into the lines of the statsd protocol: what counters grew by, and what gauges are.
// https://github.com/statsd/statsd/blob/master/docs/metric_types.md
import type { Stat } from '@meltemi/telemetry';

/** Remembers what was sent: statsd adds up itself. Histograms are not sent: their single values are not kept. */
export class StatsdLines {
  readonly #prefix: string;
  readonly #sent = new Map<string, number>();

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Without line breaks. Counters that stand still are left out. */
  next(stats: readonly Stat[]): readonly string[] {
    return stats.flatMap((stat) => {
      if (stat.kind === 'histogram') return [];
      const name = `${this.#prefix}.${lineName(stat.name.text)}`;
      if (stat.kind === 'gauge') return stat.cell.used ? [`${name}:${stat.cell.value}|g`] : [];
      const grown = this.#grown(stat.name.text, stat.cell.value);
      return grown === 0 ? [] : [`${name}:${grown}|c`];
    });
  }

  /** A counter that was reset begins anew. */
  #grown(name: string, value: number): number {
    const before = this.#sent.get(name) ?? 0;
    this.#sent.set(name, value);
    return value < before ? value : value - before;
  }
}

/** What would end a name or a value in the protocol. */
function lineName(name: string): string {
  return name.replaceAll(/[:|@\n]/g, '_');
}
