// Holds all stats of a process by name, and gives each owner a scope that takes its stats away when the owner goes.
import type { Labels } from '@meltemi/base';
import { Counter, Gauge, Histogram } from './stat.ts';
import { extendPrefix, ROOT_PREFIX, type StatName, statName, type StatPrefix } from './stat-name.ts';

/** A stat with its names, as the exposition formats read it. */
export type Stat =
  | { readonly kind: 'counter'; readonly name: StatName; readonly cell: Counter }
  | { readonly kind: 'gauge'; readonly name: StatName; readonly cell: Gauge }
  | { readonly kind: 'histogram'; readonly name: StatName; readonly cell: Histogram };

/** Makes stats below one prefix. Asking for a name again gives the same cell. */
export interface StatsScope {
  counter(name: string): Counter;
  gauge(name: string): Gauge;
  /** Values in milliseconds where the name is a time. */
  histogram(name: string): Histogram;
  /** An owner below this one: `listener.scope('http', {http_conn_manager_prefix: 'x'})`. Closes with this one. */
  scope(kind: string, labels?: Labels): StatsScope;
  /** Gives the stats up; a stat goes when the last scope that holds it closed. */
  close(): void;
}

export interface StatsStoreOptions {
  /** Before each label of Prometheus: `envoy_` as Envoy's defaults, or empty where the bootstrap names the tags itself. */
  readonly tagPrefix?: string;
  /** Labels that every stat of a scope has besides its own. */
  readonly tags?: Labels;
}

/**
 * Scopes by Envoy's roots: `scope('cluster', {cluster_name})`, `scope('http', {http_conn_manager_prefix})`,
 * `scope('listener', {listener_address})`, `scope('tcp', {tcp_prefix})`, `scope('cluster_manager')`, `scope('listener_manager')`,
 * `scope('control_plane')`, `scope('server')`.
 */
export class StatsStore {
  readonly #held = new Map<string, { readonly stat: Stat; holders: number }>();
  readonly #tagPrefix: string;
  readonly #root: StatPrefix;

  constructor(options: StatsStoreOptions = {}) {
    this.#tagPrefix = options.tagPrefix ?? 'envoy_';
    this.#root = { ...ROOT_PREFIX, labels: options.tags ?? {} };
  }

  scope(kind: string, labels: Labels = {}): StatsScope {
    return new PrefixScope(this, extendPrefix(this.#root, kind, labels, this.#tagPrefix), this.#tagPrefix);
  }

  /** A stat by its full names, for those outside of Envoy's tree (`istio_requests_total`). It stays until `release`. */
  counter(name: StatName): Counter {
    return this.#hold({ kind: 'counter', name, cell: new Counter() }).cell as Counter;
  }

  gauge(name: StatName): Gauge {
    return this.#hold({ kind: 'gauge', name, cell: new Gauge() }).cell as Gauge;
  }

  histogram(name: StatName): Histogram {
    return this.#hold({ kind: 'histogram', name, cell: new Histogram() }).cell as Histogram;
  }

  /** Takes back one holding of a stat. */
  release(name: StatName): void {
    const held = this.#held.get(name.text);
    if (held && --held.holders === 0) this.#held.delete(name.text);
  }

  /** All stats, sorted by text name. */
  list(): readonly Stat[] {
    const stats = [...this.#held.values()].map((held) => held.stat);
    for (const stat of stats) if (stat.kind === 'gauge') stat.cell.refresh();
    return stats.sort((a, b) => (a.name.text < b.name.text ? -1 : 1));
  }

  resetCounters(): void {
    for (const { stat } of this.#held.values()) if (stat.kind === 'counter') stat.cell.reset();
  }

  #hold(stat: Stat): Stat {
    const held = this.#held.get(stat.name.text);
    if (!held) {
      this.#held.set(stat.name.text, { stat, holders: 1 });
      return stat;
    }
    if (held.stat.kind !== stat.kind) throw new StatKindError(stat.name.text, held.stat.kind, stat.kind);
    held.holders++;
    return held.stat;
  }
}

/** A name was asked for as another kind than it was made: a mistake of the program. */
export class StatKindError extends Error {
  readonly code = 'STAT_KIND';

  constructor(name: string, held: Stat['kind'], wanted: Stat['kind']) {
    super(`stat ${name} is a ${held}, not a ${wanted}`);
  }
}

class PrefixScope implements StatsScope {
  readonly #store: StatsStore;
  readonly #prefix: StatPrefix;
  readonly #tagPrefix: string;
  readonly #children: StatsScope[] = [];
  readonly #cells = new Map<string, { readonly name: StatName; readonly cell: Stat['cell'] }>();

  constructor(store: StatsStore, prefix: StatPrefix, tagPrefix: string) {
    this.#store = store;
    this.#prefix = prefix;
    this.#tagPrefix = tagPrefix;
  }

  counter(name: string): Counter {
    return this.#cell(name, (full) => this.#store.counter(full));
  }

  gauge(name: string): Gauge {
    return this.#cell(name, (full) => this.#store.gauge(full));
  }

  histogram(name: string): Histogram {
    return this.#cell(name, (full) => this.#store.histogram(full));
  }

  scope(kind: string, labels: Labels = {}): StatsScope {
    const child = new PrefixScope(
      this.#store,
      extendPrefix(this.#prefix, kind, labels, this.#tagPrefix),
      this.#tagPrefix,
    );
    this.#children.push(child);
    return child;
  }

  close(): void {
    for (const child of this.#children) child.close();
    for (const { name } of this.#cells.values()) this.#store.release(name);
    this.#children.length = 0;
    this.#cells.clear();
  }

  #cell<Cell extends Stat['cell']>(name: string, make: (full: StatName) => Cell): Cell {
    const known = this.#cells.get(name);
    if (known) return known.cell as Cell;
    const full = statName(this.#prefix, name, this.#tagPrefix);
    const cell = make(full);
    this.#cells.set(name, { name: full, cell });
    return cell;
  }
}
