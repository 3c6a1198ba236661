// A cluster that serves: keeps its hosts and their connections while settings and endpoints change around them.
import type { JsonObject } from '@bufbuild/protobuf';
import type { Clock, Dice } from '@meltemi/base';
import type { StatsScope } from '@meltemi/telemetry';
import { LoadBalancer } from './balance/load-balancer.ts';
import type {
  Cluster,
  PickContext,
  Priority,
  UpstreamExchange,
  UpstreamHandler,
  UpstreamHost,
  UpstreamTcp,
  UpstreamTcpHandler,
} from './cluster.ts';
import { type ClusterStats, clusterStats } from './cluster-stats.ts';
import type { EndpointSet } from './discovery/endpoint-set.ts';
import { CircuitBreaker } from './endpoint/circuit-breaker.ts';
import type { Dialler, Dialling } from './endpoint/dialler.ts';
import type { Host, HostOwner } from './endpoint/host.ts';
import { HostSet } from './host-set.ts';
import { OutlierDetection, type Outcome } from './outlier-detection.ts';
import type { ClusterSettings } from './settings/cluster-settings.ts';
import type { ConnectionSettings } from './settings/connection-settings.ts';

/** Tries for a host that is not among the tried ones (Istio's host_selection_retry_max_attempts). */
const PICK_ATTEMPTS = 5;

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
}

export class ActiveCluster implements Cluster, HostOwner {
  readonly #options: ActiveClusterOptions;
  readonly #breakers: Readonly<Record<Priority, CircuitBreaker>>;
  readonly #hosts = new HostSet();
  readonly stats: ClusterStats;
  #state: ClusterState;
  #balancer: LoadBalancer<Host>;
  #outlier: OutlierDetection<Host> | undefined;
  epoch = 0;

  constructor(state: ClusterState, options: ActiveClusterOptions) {
    const { limits } = state.settings;
    this.#options = options;
    this.#state = state;
    this.stats = clusterStats(options.scope);
    this.#breakers = {
      default: new CircuitBreaker('default', limits.default, options.scope),
      high: new CircuitBreaker('high', limits.high, options.scope),
    };
    this.#outlier = this.#watchOutliers();
    this.#balancer = this.#replaceHosts();
  }

  get name(): string {
    return this.#state.settings.name;
  }
  get connectTimeoutMs(): number {
    return this.settings.connectTimeoutMs;
  }
  get cluster(): Cluster {
    return this;
  }
  get clock(): Clock {
    return this.#options.clock;
  }
  get settings(): ConnectionSettings {
    return this.#state.settings.connection;
  }
  get hashByHostname(): boolean {
    return this.#state.settings.hashByHostname;
  }
  get endpoints(): EndpointSet {
    return this.#state.endpoints;
  }
  get hosts(): Iterable<Host> {
    return this.#hosts.all();
  }

  pick(context: PickContext): UpstreamHost | undefined {
    let host = this.#balancer.pick(context.hash, 0);
    for (let attempt = 1; attempt <= PICK_ATTEMPTS && host && context.tried.includes(host); attempt++) {
      host = this.#balancer.pick(context.hash, attempt) ?? host;
    }
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
    if (this.#breakers[priority].retries.tryAcquire()) return true;
    this.stats.rqRetryOverflow.increment();
    return false;
  }

  releaseRetry(priority: Priority = 'default'): void {
    this.#breakers[priority].retries.release();
  }

  breaker(priority: Priority): CircuitBreaker {
    return this.#breakers[priority];
  }

  dial(labels: JsonObject): Dialling {
    return this.#state.dialler.dial(labels);
  }

  record(host: Host, outcome: Outcome): void {
    if (!host.retired) this.#outlier?.record(host, outcome);
  }

  /** Takes a new configuration. Hosts that stay keep their connections; those dialled another way serve no further request. */
  apply(state: ClusterState): void {
    const before = this.#state;
    this.#state = state;
    for (const priority of ['default', 'high'] as const)
      this.#breakers[priority].resize(state.settings.limits[priority]);
    if (before.dialler !== state.dialler || before.settings.connection.protocol !== this.settings.protocol)
      this.epoch++;
    if (JSON.stringify(before.settings.outlier) !== JSON.stringify(state.settings.outlier)) {
      this.#outlier?.close();
      this.#outlier = this.#watchOutliers();
    }
    this.#balancer = this.#replaceHosts();
    for (const host of this.#hosts.all()) host.refresh();
  }

  /** Out of the configuration: what is on its way ends as it will. */
  retire(): void {
    this.#outlier?.close();
    this.#outlier = undefined;
    for (const host of this.#hosts.all()) host.retire();
    this.#options.scope.close();
  }

  /** Ends every connection now. */
  close(): void {
    this.retire();
    this.#hosts.close();
  }

  #replaceHosts(): LoadBalancer<Host> {
    if (this.#hosts.replace(this.#state.endpoints, this)) {
      this.stats.membershipChange.increment();
    }
    return this.#balance();
  }

  #balance(): LoadBalancer<Host> {
    const { settings, endpoints } = this.#state;
    const hosts = [...this.#hosts.all()];
    const count = (health: Host['health']) => hosts.filter((host) => host.health === health && !host.ejected).length;
    this.stats.membershipTotal.set(hosts.length);
    this.stats.membershipHealthy.set(count('healthy'));
    this.stats.membershipDegraded.set(count('degraded'));
    return new LoadBalancer(this.#hosts.groups, {
      balancer: settings.balancer,
      panicThreshold: settings.panicThreshold,
      overprovisioning: endpoints.overprovisioning,
      localityWeighted: settings.localityWeighted,
      dice: this.#options.dice,
      onPanic: () => this.stats.lbHealthyPanic.increment(),
    });
  }

  #watchOutliers(): OutlierDetection<Host> | undefined {
    const { outlier } = this.#state.settings;
    if (!outlier) return undefined;
    return new OutlierDetection({
      settings: outlier,
      stats: this.stats,
      clock: this.#options.clock,
      dice: this.#options.dice,
      hosts: () => this.#hosts.all(),
      onChange: () => (this.#balancer = this.#balance()),
    });
  }
}
