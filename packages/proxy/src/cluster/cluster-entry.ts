// One name among the clusters: the version that serves and the one that warms up to take its place.
import type { Clock, Dice, Timer } from '@meltemi/base';
import type { Cluster as ClusterMessage } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import type { StatsStore } from '@meltemi/telemetry';
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

/** Envoy's initial fetch timeout: after it a cluster serves with what it has. */
export const WARM_TIMEOUT_MS = 15_000;

export interface EntryOptions extends VersionOptions {
  readonly clock: Clock;
  readonly dice: Dice;
  readonly stats: StatsStore;
  /** A cluster became active, or a newer version of it did. */
  readonly onWarm: () => void;
}

export class ClusterEntry implements VersionListener {
  readonly #options: EntryOptions;
  readonly addedViaApi: boolean;
  #serving: ClusterVersion | undefined;
  #warming: ClusterVersion | undefined;
  #warmTimer: Timer | undefined;
  #version = '';
  #lastUpdatedMs = 0;
  /** Set once it can serve, and then for as long as the entry lives. */
  active: ActiveCluster | undefined;

  constructor(options: EntryOptions, addedViaApi: boolean) {
    this.#options = options;
    this.addedViaApi = addedViaApi;
  }

  get warming(): boolean {
    return this.#warming !== undefined;
  }

  /** Takes a new configuration; what serves goes on until the new one is complete. Throws as `clusterVersion`, changing nothing. */
  update(message: ClusterMessage, version: string): void {
    const known = [this.#serving, this.#warming].filter((each) => each !== undefined);
    const next = clusterVersion(message, known, this.#options, this);
    this.#dropWarming(next);
    this.#warming = next;
    this.#version = version;
    this.#lastUpdatedMs = this.#options.clock.now();
    if (isComplete(next)) this.#promote();
    else this.#warmTimer = this.#options.clock.after(WARM_TIMEOUT_MS, () => this.#promote());
  }

  onEndpoints(): void {
    const serving = this.#serving;
    if (serving && this.active && serving.feed.latest !== this.active.endpoints) {
      this.#countUpdate(this.active, serving);
      this.active.apply(stateOf(serving));
    }
    this.#promoteWhenComplete();
  }

  onSecrets(): void {
    this.#promoteWhenComplete();
  }

  onFailure(): void {
    this.active?.stats.updateAttempt.increment();
    this.active?.stats.updateFailure.increment();
  }

  /** Out of the configuration: requests on their way end as they will. */
  retire(): void {
    this.#closeVersions();
    this.active?.retire();
  }

  /** Ends everything now. */
  close(): void {
    this.#closeVersions();
    this.active?.close();
  }

  /** Undefined before its first configuration. */
  snapshot(): ClusterSnapshot | undefined {
    const shown = this.#serving ?? this.#warming;
    return (
      shown && {
        name: shown.settings.name,
        state: this.active ? 'active' : 'warming',
        addedViaApi: this.addedViaApi,
        version: this.#version,
        lastUpdatedMs: this.#lastUpdatedMs,
        hosts: [...(this.active?.hosts ?? [])].map((host) => host.snapshot()),
        limits: shown.settings.limits,
      }
    );
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
    this.#warmTimer?.cancel();
    this.#warming = undefined;
    this.#serving = next;
    if (this.active) this.active.apply(stateOf(next));
    else this.active = this.#activate(next);
    if (before) closeVersion(before, [next]);
    this.#options.onWarm();
  }

  #activate(version: ClusterVersion): ActiveCluster {
    const { clock, dice, stats } = this.#options;
    const scope = stats.scope('cluster', { cluster_name: version.settings.statName });
    return new ActiveCluster(stateOf(version), { clock, dice, scope });
  }

  #dropWarming(next: ClusterVersion | undefined): void {
    this.#warmTimer?.cancel();
    const dropped = this.#warming;
    this.#warming = undefined;
    if (dropped) closeVersion(dropped, [next, this.#serving]);
  }

  #closeVersions(): void {
    this.#dropWarming(undefined);
    if (this.#serving) closeVersion(this.#serving, []);
  }
}
