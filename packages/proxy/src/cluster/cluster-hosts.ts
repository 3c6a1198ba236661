// The hosts of a cluster and their health: who is there, who may be chosen, who is checked or watched as an outlier.
import type { Clock, Dice } from '@meltemi/base';
import type { StatsScope } from '@meltemi/telemetry';
import type { HealthSharing, LeadingHealth } from '../workers/health-sharing.ts';
import type { SharedCounters } from '../workers/shared-counters.ts';
import type { OutlierRates, PickContext } from './cluster.ts';
import type { ClusterStats } from './cluster-stats.ts';
import type { EndpointSet } from './discovery/endpoint-set.ts';
import type { Host, HostOwner } from './endpoint/host.ts';
import { FollowedChecks } from './health/followed-checks.ts';
import { type HealthCheckStats, healthCheckStats } from './health/health-check-stats.ts';
import { HealthChecker, type HealthWatch } from './health/health-checker.ts';
import { type HostChoice, hostChoice } from './host-choice.ts';
import { HostSet } from './host-set.ts';
import { OriginalDestinations } from './original-destinations.ts';
import { OutlierDetection } from './outlier/outlier-detection.ts';
import type { Outcome } from './outlier/outlier-state.ts';
import { type OutlierStats, outlierStats } from './outlier/outlier-stats.ts';
import type { ClusterSettings } from './settings/cluster-settings.ts';

/** Tries for a host that is not among the tried ones (Istio's host_selection_retry_max_attempts). */
const PICK_ATTEMPTS = 5;

/** What a cluster's hosts are made from. */
export interface HostsState {
  readonly settings: ClusterSettings;
  readonly endpoints: EndpointSet;
}

export interface ClusterHostsOptions {
  readonly clock: Clock;
  readonly dice: Dice;
  readonly scope: StatsScope;
  readonly stats: ClusterStats;
  /** Undefined: there is one worker. */
  readonly health?: HealthSharing | undefined;
  readonly counters: SharedCounters;
  /** The cluster has connections, or had some. */
  readonly hasTraffic: () => boolean;
  /** Health checks have seen every host for the first time. */
  readonly onChecked: () => void;
}

export class ClusterHosts {
  readonly #options: ClusterHostsOptions;
  readonly #owner: HostOwner;
  readonly #hosts = new HostSet();
  #state: HostsState;
  #choice: HostChoice;
  #outlier: OutlierDetection<Host> | undefined;
  #outlierStats: OutlierStats | undefined;
  #checker: HealthWatch | undefined;
  #healthStats: HealthCheckStats | undefined;
  #destinations: OriginalDestinations | undefined;

  constructor(state: HostsState, owner: HostOwner, options: ClusterHostsOptions) {
    this.#options = options;
    this.#owner = owner;
    this.#state = state;
    this.#outlier = this.#watchOutliers();
    this.#destinations = this.#followDestinations();
    this.#checker = this.#checkHealth();
    this.#choice = this.#replaceHosts();
  }

  get endpoints(): EndpointSet {
    return this.#state.endpoints;
  }

  get outlierRates(): OutlierRates | undefined {
    return this.#outlier?.rates;
  }

  /** Health checks saw every host that was there at the start. */
  get checked(): boolean {
    return this.#checker?.sawAll ?? true;
  }

  get checksHealth(): boolean {
    return this.#checker !== undefined;
  }

  failNow(host: Host): void {
    this.#checker?.failNow(host);
  }

  all(): Iterable<Host> {
    return this.#hosts.all();
  }

  /** Undefined: nobody may be chosen. */
  pick(context: PickContext): Host | undefined {
    const { overrideHost, overrideStrict } = context;
    const bound = overrideHost === undefined ? undefined : this.#boundHost(overrideHost);
    return bound ?? (overrideStrict && overrideHost ? undefined : this.#pickUntried(context));
  }

  record(host: Host, outcome: Outcome): void {
    if (!host.retired) this.#outlier?.record(host, outcome);
  }

  /** Takes new settings and endpoints; hosts that stay keep their connections. */
  apply(state: HostsState): void {
    const before = this.#state.settings;
    const { settings } = state;
    this.#state = state;
    if (JSON.stringify(before.outlier) !== JSON.stringify(settings.outlier)) {
      this.#outlier?.close();
      this.#outlier = this.#watchOutliers();
    }
    if (destinationKey(before) !== destinationKey(settings)) {
      this.#destinations?.close();
      this.#destinations = this.#followDestinations();
    }
    if (before.health?.key !== settings.health?.key) {
      this.#checker?.close();
      this.#checker = this.#checkHealth();
    }
    this.#choice = this.#replaceHosts();
    for (const host of this.#hosts.all()) host.refresh();
  }

  /** Out of the configuration: what is on its way ends as it will. */
  retire(): void {
    this.#outlier?.close();
    this.#outlier = undefined;
    this.#destinations?.close();
    this.#checker?.close();
    for (const host of this.#hosts.all()) host.retire();
  }

  /** Ends every connection now. */
  close(): void {
    this.#hosts.close();
  }

  #pickUntried(context: PickContext): Host | undefined {
    if (this.#destinations) return this.#destinations.pick(context);
    let host = this.#choice.pick(context, 0);
    for (let attempt = 1; attempt <= PICK_ATTEMPTS && host && context.tried.includes(host); attempt++) {
      host = this.#choice.pick(context, attempt) ?? host;
    }
    return host;
  }

  /** The host of a session, while its health is one that sessions are kept to. */
  #boundHost(address: string): Host | undefined {
    const host = this.#hosts.get(address);
    return host && this.#state.settings.hosts.overrideStatuses.has(host.status) ? host : undefined;
  }

  #replaceHosts(): HostChoice {
    // Hosts by destination come and go with the connections.
    if (this.#destinations) return this.#choose();
    const { closeOnChange } = this.#state.settings.hosts;
    const { added, removed } = this.#hosts.replace(this.#state.endpoints, this.#owner, (host) => this.#keeps(host));
    if (added.length > 0 || removed.length > 0) {
      this.#options.stats.membershipChange.increment();
      if (closeOnChange) for (const host of this.#hosts.all()) host.drain();
    }
    for (const host of removed) this.#outlier?.forget(host);
    this.#checker?.follow(this.#hosts.all());
    return this.#choose();
  }

  /** A host that discovery took away stays while its checks pass: discovery may be wrong, or behind. */
  #keeps(host: Host): boolean {
    if (!this.#checker || this.#state.settings.hosts.ignoreHealthOnRemoval) return false;
    return !host.checks.failed && host.spec.health !== 'unhealthy';
  }

  /** Who may be chosen, by the health of now. */
  #choose(): HostChoice {
    const { settings, endpoints } = this.#state;
    const { clock, dice, stats } = this.#options;
    countMembers(this.#hosts.all(), stats);
    return hostChoice(this.#hosts.groups, {
      rules: settings.balancing,
      subsets: settings.subsets,
      overprovisioning: endpoints.overprovisioning,
      healthByWeight: endpoints.healthByWeight,
      clock,
      dice,
      stats,
    });
  }

  #watchOutliers(): OutlierDetection<Host> | undefined {
    const { name, outlier } = this.#state.settings;
    if (!outlier) return undefined;
    const { clock, dice, scope, counters, health } = this.#options;
    const stats = (this.#outlierStats ??= outlierStats(scope));
    return new OutlierDetection({
      cluster: name,
      settings: outlier,
      sharing: health?.outliers,
      ...(health && { cell: (place) => counters.cell(`outlier/${name}/${place}`) }),
      stats,
      clock,
      dice,
      hosts: () => this.#hosts.all(),
      onChange: () => (this.#choice = this.#choose()),
      onEject: (host) => host.drain(),
    });
  }

  #followDestinations(): OriginalDestinations | undefined {
    const { discovery } = this.#state.settings;
    if (discovery.kind !== 'original-dst') return undefined;
    return new OriginalDestinations({
      clock: this.#options.clock,
      settings: discovery,
      hosts: () => this.#hosts.all(),
      hostAt: (spec) => this.#hosts.get(spec.text) ?? this.#memberChanged(() => this.#hosts.add(spec, this.#owner)),
      onGone: (hosts) => this.#memberChanged(() => this.#hosts.remove(hosts)),
      onBadHeader: () => this.#options.stats.originalDstHostInvalid.increment(),
    });
  }

  #memberChanged<Result>(change: () => Result): Result {
    const result = change();
    this.#options.stats.membershipChange.increment();
    countMembers(this.#hosts.all(), this.#options.stats);
    return result;
  }

  #checkHealth(): HealthWatch | undefined {
    const { name, health: settings } = this.#state.settings;
    if (!settings) return undefined;
    const { clock, dice, scope, health, hasTraffic, onChecked } = this.#options;
    const common = {
      cluster: name,
      clock,
      ignoreNew: () => this.#state.settings.hosts.ignoreNewUntilChecked,
      onChange: () => (this.#choice = this.#choose()),
      onPassed: (host: Host) => this.#outlier?.checked(host),
      onFailed: (host: Host) => this.#checkFailed(host),
      onSawAll: onChecked,
    };
    if (health?.kind === 'following') return new FollowedChecks(common, health);
    return new HealthChecker({
      ...common,
      settings,
      stats: (this.#healthStats ??= healthCheckStats(scope)),
      dice,
      hasTraffic,
      ...(health && {
        onFinding: (host, passed) => tellFinding(health, name, host, passed),
        reports: (heard) => health.follow(name, heard),
      }),
    });
  }

  #checkFailed(host: Host): void {
    host.drain();
    if (this.#state.settings.hosts.closeOnHealthFailure) host.closeTcp('the host failed its health check');
    if (!host.checks.leaving) return;
    this.#memberChanged(() => this.#hosts.remove([host]));
    this.#checker?.follow(this.#hosts.all());
    this.#choice = this.#choose();
  }
}

function tellFinding(health: LeadingHealth, cluster: string, host: Host, passed: boolean): void {
  const { failed, degraded, timedOut, excluded } = host.checks;
  health.tell(cluster, host.text, { failed, degraded, timedOut, excluded, passed });
}

/** The same while the destinations are found alike. */
function destinationKey({ discovery }: ClusterSettings): string {
  return discovery.kind === 'original-dst' ? JSON.stringify(discovery) : '';
}

function countMembers(hosts: Iterable<Host>, stats: ClusterStats): void {
  const counts = { total: 0, excluded: 0, healthy: 0, degraded: 0, unhealthy: 0 };
  for (const host of hosts) {
    counts.total++;
    if (host.excluded) counts.excluded++;
    counts[host.health]++;
  }
  stats.membershipTotal.set(counts.total);
  stats.membershipHealthy.set(counts.healthy);
  stats.membershipDegraded.set(counts.degraded);
  stats.membershipExcluded.set(counts.excluded);
}
