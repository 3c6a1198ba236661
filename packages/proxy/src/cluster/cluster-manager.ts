// All clusters of a proxy by name: static ones of the bootstrap, and those that CDS adds, changes and removes.
import type { Cluster as ClusterMessage } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import type { Gauge, StatsScope } from '@meltemi/telemetry';
import type { CertificateSnapshot } from '../tls/certificate-snapshot.ts';
import type { Rejection, Watch, WildcardSink, XdsClient } from '../xds/xds-client.ts';
import type { Cluster, Clusters, ClusterSnapshot } from './cluster.ts';
import { ClusterEntry, type EntryOptions } from './cluster-entry.ts';
import { ClusterConfigError } from './settings/cluster-config-error.ts';

export type ClusterManagerOptions = Omit<EntryOptions, 'onWarm'>;

export class ClusterManager implements Clusters, WildcardSink<ClusterMessage> {
  readonly #options: ClusterManagerOptions;
  readonly #entries = new Map<string, ClusterEntry>();
  readonly #counts: StatsScope;
  readonly #active: Gauge;
  readonly #warming: Gauge;
  #waiters: (() => void)[] = [];
  #answered: (() => void) | undefined;
  #watch: Watch | undefined;
  /** While several clusters change at once, what follows from each is done once, at the end. */
  #changing = false;

  constructor(options: ClusterManagerOptions) {
    this.#options = options;
    this.#counts = options.stats.scope('cluster_manager');
    this.#active = this.#counts.gauge('active_clusters');
    this.#warming = this.#counts.gauge('warming_clusters');
  }

  get(name: string): Cluster | undefined {
    return this.#entries.get(name)?.active;
  }

  *names(): Iterable<string> {
    for (const [name, entry] of this.#entries) if (entry.active) yield name;
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  snapshot(): readonly ClusterSnapshot[] {
    return [...this.#entries.values()].flatMap((entry) => entry.snapshot() ?? []);
  }

  certificates(): readonly CertificateSnapshot[] {
    return [...this.#entries.values()].flatMap((entry) => entry.certificates());
  }

  /** The bootstrap's clusters. Throws what is wrong with the first one that can't be honoured, naming it. */
  addStatic(clusters: readonly ClusterMessage[]): void {
    this.#changing = true;
    for (const message of clusters) {
      try {
        this.#put(message, '', false);
      } catch (error) {
        const code = error instanceof ClusterConfigError ? error.code : 'BAD_VALUE';
        throw new ClusterConfigError(code, `cluster ${message.name}: ${(error as Error).message}`, error);
      }
    }
    this.#settle();
  }

  /**
   * Subscribes to CDS where there is a server for it. Resolves when its first answer was applied and everything is
   * warm, or when that took too long: the proxy starts with what it has.
   */
  async start(cds: XdsClient | undefined): Promise<void> {
    if (cds) await this.#firstAnswer(cds);
    await this.warm();
  }

  /** Resolves when no cluster warms. */
  warm(): Promise<void> {
    if (!this.#someWarm()) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** From CDS. A cluster of the bootstrap is not changed by it. */
  update(
    changed: ReadonlyMap<string, ClusterMessage>,
    removed: readonly string[],
    version: string,
  ): readonly Rejection[] {
    const rejections: Rejection[] = [];
    this.#changing = true;
    for (const [name, message] of changed) {
      const refusal = this.#tryPut(message, version);
      if (refusal !== undefined) rejections.push({ name, message: refusal });
    }
    for (const name of removed) this.#remove(name);
    this.#settle();
    this.#answered?.();
    return rejections;
  }

  /** Ends every connection and subscription now. */
  close(): void {
    this.#watch?.close();
    for (const entry of this.#entries.values()) entry.close();
    this.#entries.clear();
    this.#recount();
    this.#counts.close();
  }

  /** The source gives up waiting by itself. */
  #firstAnswer(cds: XdsClient): Promise<void> {
    return new Promise((resolve) => {
      this.#answered = resolve;
      this.#watch = cds.watchAll('CDS', this);
    });
  }

  /** Why the cluster is refused; undefined when it was taken. */
  #tryPut(message: ClusterMessage, version: string): string | undefined {
    try {
      this.#put(message, version, true);
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  }

  #put(message: ClusterMessage, version: string, viaApi: boolean): void {
    const known = this.#entries.get(message.name);
    if (known && !known.addedViaApi) return;
    const entry = known ?? new ClusterEntry({ ...this.#options, onWarm: () => this.#warmed() }, viaApi);
    entry.update(message, version);
    this.#entries.set(message.name, entry);
    this.#counts.counter(known ? 'cluster_modified' : 'cluster_added').increment();
  }

  #remove(name: string): void {
    const entry = this.#entries.get(name);
    if (!entry?.addedViaApi) return;
    this.#entries.delete(name);
    entry.retire();
    this.#counts.counter('cluster_removed').increment();
  }

  #someWarm(): boolean {
    return [...this.#entries.values()].some((entry) => entry.warming);
  }

  #settle(): void {
    this.#changing = false;
    this.#warmed();
  }

  #warmed(): void {
    if (this.#changing) return;
    this.#recount();
    if (this.#waiters.length === 0 || this.#someWarm()) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }

  #recount(): void {
    let warming = 0;
    let active = 0;
    for (const entry of this.#entries.values()) {
      if (entry.warming) warming++;
      if (entry.active) active++;
    }
    this.#active.set(active);
    this.#warming.set(warming);
  }
}
