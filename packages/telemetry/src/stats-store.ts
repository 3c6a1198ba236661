// Holds all stats of a process by name, and gives each owner a scope that takes its stats away when the owner goes.
import type { Labels } from '@meltemi/base';
import { type Cell, cellOfKind, emptyCell, shownStat, type Stat, type StatKind } from './held-stat.ts';
import type { Counter, Gauge, Histogram } from './stat.ts';
import { StatFamily } from './stat-family.ts';
import { extendPrefix, ROOT_PREFIX, type StatName, type StatPrefix } from './stat-name.ts';

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
  readonly #families = new Map<string, StatFamily>();
  readonly #named = new Map<string, NamedStat>();
  readonly #tagPrefix: string;
  readonly #root: StatPrefix;

  constructor(options: StatsStoreOptions = {}) {
    this.#tagPrefix = options.tagPrefix ?? 'envoy_';
    this.#root = { ...ROOT_PREFIX, labels: options.tags ?? {} };
  }

  scope(kind: string, labels: Labels = {}): StatsScope {
    const families: Families = { byPrefix: this.#families, tagPrefix: this.#tagPrefix };
    return new PrefixScope(families, extendPrefix(this.#root, kind, labels, this.#tagPrefix));
  }

  /** A stat by its full names, for those outside of Envoy's tree (`istio_requests_total`). It stays until `release`. */
  counter(name: StatName): Counter {
    return this.#hold('counter', name) as Counter;
  }

  gauge(name: StatName): Gauge {
    return this.#hold('gauge', name) as Gauge;
  }

  histogram(name: StatName): Histogram {
    return this.#hold('histogram', name) as Histogram;
  }

  /** Takes back one holding of a stat. */
  release({ text }: { readonly text: string }): void {
    const held = this.#named.get(text);
    if (held && --held.holders === 0) this.#named.delete(text);
  }

  /** All stats, sorted by text name. */
  list(): readonly Stat[] {
    const stats = [...this.#families.values()].flatMap((family) => family.shown());
    for (const { name, cell } of this.#named.values()) stats.push(shownStat(name, cell));
    for (const stat of stats) if (stat.kind === 'gauge') stat.cell.refresh();
    return stats.sort((a, b) => (a.name.text < b.name.text ? -1 : 1));
  }

  resetCounters(): void {
    for (const { kind, cell } of this.list()) if (kind === 'counter') cell.reset();
  }

  #hold(kind: StatKind, name: StatName): Cell {
    let held = this.#named.get(name.text);
    if (!held) this.#named.set(name.text, (held = { name, cell: emptyCell(kind), holders: 0 }));
    const cell = cellOfKind(kind, name.text, held.cell);
    held.holders++;
    return cell;
  }
}

interface NamedStat {
  readonly name: StatName;
  readonly cell: Cell;
  holders: number;
}

interface Families {
  readonly byPrefix: Map<string, StatFamily>;
  readonly tagPrefix: string;
}

class PrefixScope implements StatsScope {
  readonly #families: Families;
  readonly #prefix: StatPrefix;
  readonly #children: StatsScope[] = [];

  constructor(families: Families, prefix: StatPrefix) {
    this.#families = families;
    this.#prefix = prefix;
  }

  counter(name: string): Counter {
    return this.#family().hold('counter', name, this) as Counter;
  }

  gauge(name: string): Gauge {
    return this.#family().hold('gauge', name, this) as Gauge;
  }

  histogram(name: string): Histogram {
    return this.#family().hold('histogram', name, this) as Histogram;
  }

  scope(kind: string, labels: Labels = {}): StatsScope {
    const child = new PrefixScope(this.#families, extendPrefix(this.#prefix, kind, labels, this.#families.tagPrefix));
    this.#children.push(child);
    return child;
  }

  close(): void {
    for (const child of this.#children) child.close();
    this.#children.length = 0;
    const { byPrefix } = this.#families;
    const family = byPrefix.get(this.#prefix.text);
    family?.release(this);
    if (family?.isEmpty) byPrefix.delete(this.#prefix.text);
  }

  #family(): StatFamily {
    const { byPrefix, tagPrefix } = this.#families;
    let family = byPrefix.get(this.#prefix.text);
    if (!family) byPrefix.set(this.#prefix.text, (family = new StatFamily(this.#prefix, tagPrefix)));
    return family;
  }
}
