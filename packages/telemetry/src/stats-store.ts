// Holds all stats of a process by name, and gives each owner a scope that takes its stats away when the owner goes.
import type { Labels } from '@meltemi/base';
import { HeldStat, type ScopeNames, type Stat } from './held-stat.ts';
import type { Counter, Gauge, Histogram } from './stat.ts';
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
  readonly #held = new Map<string, HeldStat>();
  readonly #tagPrefix: string;
  readonly #root: StatPrefix;

  constructor(options: StatsStoreOptions = {}) {
    this.#tagPrefix = options.tagPrefix ?? 'envoy_';
    this.#root = { ...ROOT_PREFIX, labels: options.tags ?? {} };
  }

  scope(kind: string, labels: Labels = {}): StatsScope {
    const prefix = extendPrefix(this.#root, kind, labels, this.#tagPrefix);
    return new PrefixScope(this, { prefix, tagPrefix: this.#tagPrefix });
  }

  /** A stat by its full names, for those outside of Envoy's tree (`istio_requests_total`). It stays until `release`. */
  counter(name: StatName): Counter {
    return this.hold('counter', name.text, name).cell as Counter;
  }

  gauge(name: StatName): Gauge {
    return this.hold('gauge', name.text, name).cell as Gauge;
  }

  histogram(name: StatName): Histogram {
    return this.hold('histogram', name.text, name).cell as Histogram;
  }

  /** Takes back one holding of a stat. */
  release({ text }: { readonly text: string }): void {
    const held = this.#held.get(text);
    if (held && --held.holders === 0) this.#held.delete(text);
  }

  /** All stats, sorted by text name. */
  list(): readonly Stat[] {
    const stats = [...this.#held.values()].sort((a, b) => (a.text < b.text ? -1 : 1)).map((held) => held.shown());
    for (const stat of stats) if (stat.kind === 'gauge') stat.cell.refresh();
    return stats;
  }

  resetCounters(): void {
    for (const { kind, cell } of this.#held.values()) if (kind === 'counter') (cell as Counter).reset();
  }

  /** For the scopes. Throws StatKindError. */
  hold(kind: Stat['kind'], text: string, names: StatName | ScopeNames): HeldStat {
    const known = this.#held.get(text);
    if (known && known.kind !== kind) throw new StatKindError(text, known.kind, kind);
    const held = known ?? new HeldStat(kind, text, names);
    if (!known) this.#held.set(text, held);
    held.holders++;
    return held;
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
  readonly #names: ScopeNames;
  readonly #children: StatsScope[] = [];
  readonly #held = new Map<string, HeldStat>();

  constructor(store: StatsStore, names: ScopeNames) {
    this.#store = store;
    this.#names = names;
  }

  counter(name: string): Counter {
    return this.#cell('counter', name) as Counter;
  }

  gauge(name: string): Gauge {
    return this.#cell('gauge', name) as Gauge;
  }

  histogram(name: string): Histogram {
    return this.#cell('histogram', name) as Histogram;
  }

  scope(kind: string, labels: Labels = {}): StatsScope {
    const { prefix, tagPrefix } = this.#names;
    const child = new PrefixScope(this.#store, { prefix: extendPrefix(prefix, kind, labels, tagPrefix), tagPrefix });
    this.#children.push(child);
    return child;
  }

  close(): void {
    for (const child of this.#children) child.close();
    for (const held of this.#held.values()) this.#store.release(held);
    this.#children.length = 0;
    this.#held.clear();
  }

  #cell(kind: Stat['kind'], name: string): Stat['cell'] {
    const known = this.#held.get(name);
    if (known) return known.cell;
    const held = this.#store.hold(kind, this.#names.prefix.text + name, this.#names);
    this.#held.set(name, held);
    return held.cell;
  }
}
