// A cluster that serves: keeps its hosts and their connections while settings and endpoints change around them.
import type { JsonObject } from '@bufbuild/protobuf';
import type { Clock, Dice } from '@meltemi/base';
import type { StatsScope } from '@meltemi/telemetry';
import type {
  Cluster,
  OutlierRates,
  PickContext,
  Priority,
  UpstreamExchange,
  UpstreamHandler,
  UpstreamHost,
  UpstreamTcp,
  UpstreamTcpHandler,
} from './cluster.ts';
import { ClusterHosts } from './cluster-hosts.ts';
import { type ClusterStats, clusterStats } from './cluster-stats.ts';
import type { EndpointSet } from './discovery/endpoint-set.ts';
import { CircuitBreaker } from './endpoint/circuit-breaker.ts';
import type { Dialler, Dialling } from './endpoint/dialler.ts';
import type { Host, HostOwner } from './endpoint/host.ts';
import type { Outcome } from './outlier/outlier-state.ts';
import { hashes } from './balance/balancer.ts';
import type { ClusterSettings } from './settings/cluster-settings.ts';
import type { ConnectionSettings } from './settings/connection-settings.ts';
import type { HealthSharing } from '../workers/health-sharing.ts';
import type { SharedCounters } from '../workers/shared-counters.ts';

/** One configuration of a cluster, complete: it can serve. */
export interface ClusterState {
  readonly settings: ClusterSettings;
  readonly endpoints: EndpointSet;
  readonly dialler: Dialler;
}

export interface ActiveClusterOptions {
  readonly clock: Clock;
  readonly dice: Dice;
  readonly scope: StatsScope;
  /** What counts against the limits counts in all workers. */
  readonly counters: SharedCounters;
  /** Undefined: there is one worker. */
  readonly health?: HealthSharing;
  /** Health checks have seen every host for the first time. */
  readonly onChecked?: () => void;
}

export class ActiveCluster implements Cluster, HostOwner {
  readonly #options: ActiveClusterOptions;
  readonly #breakers: Readonly<Record<Priority, CircuitBreaker>>;
  readonly #hosts: ClusterHosts;
  readonly stats: ClusterStats;
  #state: ClusterState;
  epoch = 0;

  constructor(state: ClusterState, options: ActiveClusterOptions) {
    const { limits } = state.settings;
    this.#options = options;
    this.#state = state;
    this.stats = clusterStats(options.scope);
    const cell = (kind: string) => options.counters.cell(`cluster/${state.settings.name}/${kind}`);
    this.#breakers = {
      default: new CircuitBreaker('default', limits.default, options.scope, cell),
      high: new CircuitBreaker('high', limits.high, options.scope, cell),
    };
    this.#hosts = new ClusterHosts(state, this, {
      ...options,
      stats: this.stats,
      hasTraffic: () => this.stats.cxTotal.value > 0 || this.#breakers.default.connections.used > 0,
      onChecked: () => options.onChecked?.(),
    });
  }

  get name(): string {
    return this.#state.settings.name;
  }
  get shownName(): string {
    return this.#state.settings.statName;
  }
  get metadata(): ClusterSettings['metadata'] {
    return this.#state.settings.metadata;
  }
  get peerExchange(): string | undefined {
    return this.#state.settings.peerExchange;
  }
  get connectTimeoutMs(): number {
    return this.settings.connectTimeoutMs;
  }
  get streamDurationMs(): number {
    return this.settings.streamDurationMs;
  }
  get cluster(): Cluster {
    return this;
  }
  get clock(): Clock {
    return this.#options.clock;
  }

  get dice(): Dice {
    return this.#options.dice;
  }
  get settings(): ConnectionSettings {
    return this.#state.settings.connection;
  }
  get hashByHostname(): boolean {
    const { balancer } = this.#state.settings.balancing;
    return hashes(balancer) && balancer.byHostname;
  }
  get tellsClients(): boolean {
    return this.#state.dialler.tellsClients;
  }
  get connectionsPerHost(): number {
    return this.#state.settings.hosts.maxConnections;
  }
  get outlierRates(): OutlierRates | undefined {
    return this.#hosts.outlierRates;
  }
  get endpoints(): EndpointSet {
    return this.#state.endpoints;
  }
  get hosts(): Iterable<Host> {
    return this.#hosts.all();
  }

  /** Health checks saw every host that was there at the start. */
  get checked(): boolean {
    return this.#hosts.checked;
  }

  pick(context: PickContext): UpstreamHost | undefined {
    const host = this.#hosts.pick(context);
    if (!host) this.stats.cxNoneHealthy.increment();
    return host;
  }

  open(
    host: UpstreamHost,
    handler: UpstreamHandler,
    priority: Priority = 'default',
    fresh = false,
  ): UpstreamExchange | undefined {
    return (host as Host).open(handler, priority, fresh);
  }

  connectTcp(host: UpstreamHost, handler: UpstreamTcpHandler, priority: Priority = 'default'): UpstreamTcp | undefined {
    return (host as Host).connectTcp(handler, priority);
  }

  acquireRetry(priority: Priority = 'default'): boolean {
    if (this.#breakers[priority].tryRetry()) return true;
    this.stats.rqRetryOverflow.increment();
    return false;
  }

  releaseRetry(priority: Priority = 'default'): void {
    this.#breakers[priority].retries.release();
  }

  breaker(priority: Priority): CircuitBreaker {
    return this.#breakers[priority];
  }

  dial(labels: JsonObject, serverName: string): Dialling {
    return this.#state.dialler.dial(
      labels,
      serverName === '' ? undefined : { serverName, certificate: this.settings.certificateByRequest },
    );
  }

  get checksHealth(): boolean {
    return this.#hosts.checksHealth;
  }

  failNow(host: Host): void {
    this.#hosts.failNow(host);
  }

  record(host: Host, outcome: Outcome): void {
    this.#hosts.record(host, outcome);
  }

  /** Takes a new configuration. Hosts that stay keep their connections; those dialled another way serve no further request. */
  apply(state: ClusterState): void {
    const before = this.#state;
    this.#state = state;
    for (const priority of ['default', 'high'] as const)
      this.#breakers[priority].resize(state.settings.limits[priority]);
    if (before.dialler !== state.dialler || before.settings.connection.protocol !== this.settings.protocol)
      this.epoch++;
    this.#hosts.apply(state);
  }

  /** Out of the configuration: what is on its way ends as it will. */
  retire(): void {
    this.#hosts.retire();
    for (const priority of ['default', 'high'] as const) this.#breakers[priority].close();
    this.#options.scope.close();
  }

  /** Ends every connection now. */
  close(): void {
    this.retire();
    this.#hosts.close();
  }
}
