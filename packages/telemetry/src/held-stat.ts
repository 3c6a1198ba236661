// One stat as a store keeps it: the cell, who holds it, and where its names come from; they are worked out when it is shown.
import { Counter, Gauge, Histogram } from './stat.ts';
import { type StatName, statName, type StatPrefix } from './stat-name.ts';

/** A stat with its names, as the exposition formats read it. */
export type Stat =
  | { readonly kind: 'counter'; readonly name: StatName; readonly cell: Counter }
  | { readonly kind: 'gauge'; readonly name: StatName; readonly cell: Gauge }
  | { readonly kind: 'histogram'; readonly name: StatName; readonly cell: Histogram };

/** What the names of all stats of one scope come from. */
export interface ScopeNames {
  readonly prefix: StatPrefix;
  readonly tagPrefix: string;
}

export class HeldStat {
  readonly kind: Stat['kind'];
  /** Of the whole process, the only name of its kind. */
  readonly text: string;
  readonly cell: Stat['cell'];
  holders = 0;
  readonly #names: StatName | ScopeNames;

  constructor(kind: Stat['kind'], text: string, names: StatName | ScopeNames) {
    this.kind = kind;
    this.text = text;
    this.cell = emptyCell(kind);
    this.#names = names;
  }

  /** With its names, as it is shown. */
  shown(): Stat {
    const names = this.#names;
    const name =
      'prefix' in names ? statName(names.prefix, this.text.slice(names.prefix.text.length), names.tagPrefix) : names;
    return { kind: this.kind, name, cell: this.cell } as Stat;
  }
}

function emptyCell(kind: Stat['kind']): Stat['cell'] {
  switch (kind) {
    case 'counter':
      return new Counter();
    case 'gauge':
      return new Gauge();
    case 'histogram':
      return new Histogram();
  }
}
