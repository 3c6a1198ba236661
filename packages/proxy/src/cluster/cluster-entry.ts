// One name among the clusters: the version that serves and the one that warms up to take its place.
import type { Clock, Dice } from '@meltemi/base';
import type { Cluster as ClusterMessage } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import type { StatsStore } from '@meltemi/telemetry';
import type { DiscoverySettings } from './settings/cluster-settings.ts';
import type { HealthSharing } from '../workers/health-sharing.ts';
import type { CertificateSnapshot } from '../tls/certificate-snapshot.ts';
import { localCounters, type SharedCounters } from '../workers/shared-counters.ts';
import { ActiveCluster } from './active-cluster.ts';
import type { ClusterSnapshot } from './cluster.ts';
import {
  closeVersion,
  type ClusterVersion,
  clusterVersion,
  isComplete,
  stateOf,
  type VersionListener,
  type VersionOptions,
} from './cluster-version.ts';

export interface EntryOptions extends VersionOptions {
  readonly clock: Clock;
  readonly dice: Dice;
  readonly stats: StatsStore;
  /** Undefined: there is one worker. */
  readonly counters?: SharedCounters;
  readonly health?: HealthSharing;
  /** A cluster became active, or a newer version of it did. */
  readonly onWarm: () => void;
}

export class ClusterEntry implements VersionListener {
  readonly #options: EntryOptions;
  readonly addedViaApi: boolean;
  #serving: ClusterVersion | undefined;
  #warming: ClusterVersion | undefined;
  #version = '';
  #lastUpdatedMs = 0;
  #cluster: ActiveCluster | undefined;

  constructor(options: EntryOptions, addedViaApi: boolean) {
    this.#options = options;
    this.addedViaApi = addedViaApi;
  }

  /** Set once it can serve, and then for as long as the entry lives. */
  get active(): ActiveCluster | undefined {
    return this.#cluster?.checked ? this.#cluster : undefined;
  }

  get warming(): boolean {
    return this.#warming !== undefined || this.#cluster?.checked === false;
  }

  /** Takes a new configuration; what serves goes on until the new one is complete. Throws as `clusterVersion`, changing nothing. */
  update(message: ClusterMessage, version: string): void {
    const known = [this.#serving, this.#warming].filter((each) => each !== undefined);
    const next = clusterVersion(message, known, this.#options, this);
    this.#dropWarming(next);
    this.#warming = next;
    this.#version = version;
    this.#lastUpdatedMs = this.#options.clock.now();
    this.#promoteWhenComplete();
  }

  onEndpoints(): void {
    const serving = this.#serving;
    if (serving && this.#cluster && serving.feed.latest !== this.#cluster.endpoints) {
      this.#countUpdate(this.#cluster, serving);
      this.#cluster.apply(stateOf(serving));
    }
    this.#promoteWhenComplete();
  }

  onSecrets(): void {
    this.#promoteWhenComplete();
  }

  onFailure(): void {
    this.#cluster?.stats.updateAttempt.increment();
    this.#cluster?.stats.updateFailure.increment();
  }

  /** Out of the configuration: requests on their way end as they will. */
  retire(): void {
    this.#closeVersions();
    this.#cluster?.retire();
  }

  /** Ends everything now. */
  close(): void {
    this.#closeVersions();
    this.#cluster?.close();
  }

  /** Undefined before its first configuration. */
  snapshot(): ClusterSnapshot | undefined {
    const shown = this.#serving ?? this.#warming;
    return (
      shown && {
        name: shown.settings.name,
        state: this.active ? 'active' : 'warming',
        addedViaApi: this.addedViaApi,
        edsServiceName: edsServiceName(shown.settings.discovery),
        version: this.#version,
        lastUpdatedMs: this.#lastUpdatedMs,
        hosts: [...(this.#cluster?.hosts ?? [])].map((host) => host.snapshot()),
        limits: shown.settings.limits,
        outlierRates: this.#cluster?.outlierRates,
      }
    );
  }

  /** Of its TLS contexts. */
  certificates(): readonly CertificateSnapshot[] {
    return (this.#serving ?? this.#warming)?.dialler.certificates() ?? [];
  }

  #countUpdate({ stats }: ActiveCluster, { feed }: ClusterVersion): void {
    stats.updateAttempt.increment();
    stats.updateSuccess.increment();
    if (!feed.latest?.localities.some((group) => group.endpoints.length > 0)) stats.updateEmpty.increment();
  }

  #promoteWhenComplete(): void {
    if (this.#warming && isComplete(this.#warming)) this.#promote();
  }

  #promote(): void {
    const next = this.#warming!;
    const before = this.#serving;
    this.#warming = undefined;
    this.#serving = next;
    if (this.#cluster) this.#cluster.apply(stateOf(next));
    else this.#cluster = this.#activate(next);
    if (before) closeVersion(before, [next]);
    this.#options.onWarm();
  }

  #activate(version: ClusterVersion): ActiveCluster {
    const { clock, dice, stats, counters = localCounters, health } = this.#options;
    const scope = stats.scope('cluster', { cluster_name: version.settings.statName });
    const onChecked = () => this.#cluster && this.#options.onWarm();
    return new ActiveCluster(stateOf(version), {
      clock,
      dice,
      scope,
      counters,
      onChecked,
      ...(health && { health }),
    });
  }

  #dropWarming(next: ClusterVersion | undefined): void {
    const dropped = this.#warming;
    this.#warming = undefined;
    if (dropped) closeVersion(dropped, [next, this.#serving]);
  }

  #closeVersions(): void {
    this.#dropWarming(undefined);
    if (this.#serving) closeVersion(this.#serving, []);
  }
}

function edsServiceName(discovery: DiscoverySettings): string | undefined {
  return discovery.kind === 'eds' ? discovery.serviceName : undefined;
}
