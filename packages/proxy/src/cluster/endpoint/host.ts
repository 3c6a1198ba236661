// An endpoint with its state: weight and health, counters, a record of failures, and its connections.
import type { JsonObject } from '@bufbuild/protobuf';
import type { SocketAddress } from '@meltemi/base';
import { HealthStatus } from '@meltemi/api/envoy/config/core/v3/health_check_pb';
import type { LabelledHost } from '../balance/subset-balancer.ts';
import type {
  Cluster,
  HostHealth,
  HostSnapshot,
  Priority,
  UpstreamExchange,
  UpstreamHandler,
  UpstreamHost,
  UpstreamTcp,
  UpstreamTcpHandler,
} from '../cluster.ts';
import type { EndpointAddress, EndpointSpec, LocalityName } from '../discovery/endpoint-set.ts';
import { CheckState } from '../health/check-state.ts';
import { OutlierState, type WatchedHost } from '../outlier/outlier-state.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import type { Dialling } from './dialler.ts';
import { HostPools, type PooledHost } from './host-pools.ts';
import type { HostCounters, PoolContext } from './pool-context.ts';
import { TcpConnection } from './tcp-connection.ts';

/** What a host asks of its cluster. */
export interface HostOwner extends Pick<PoolContext, 'stats' | 'clock' | 'dice' | 'settings' | 'epoch'> {
  readonly cluster: Cluster;
  /** Consistent hashing places hosts by their names. */
  readonly hashByHostname: boolean;
  /** Infinity: no limit. */
  readonly connectionsPerHost: number;
  breaker(priority: Priority): CircuitBreaker;
  /** Requests of each client have connections of their own. */
  readonly tellsClients: boolean;
  dial(labels: JsonObject, serverName: string): Dialling;
  readonly checksHealth: boolean;
  failNow(host: Host): void;
  record(host: Host, outcome: Parameters<PoolContext['record']>[0]): void;
}

/** Where a host stands among the endpoints of its cluster. */
export interface HostPlace {
  readonly priority: number;
  readonly weight: number;
  readonly locality: LocalityName;
}

export class Host implements UpstreamHost, LabelledHost, WatchedHost, PooledHost {
  readonly #owner: HostOwner;
  #spec: EndpointSpec;
  #place: HostPlace;
  readonly #pools: HostPools;
  readonly #tcpConnections = new Set<TcpConnection>();
  readonly outlier = new OutlierState();
  readonly checks = new CheckState();
  warmingSince: number;
  readonly counters: HostCounters = {
    connectionsTotal: 0,
    connectionsActive: 0,
    connectFailures: 0,
    requestsTotal: 0,
    requestsActive: 0,
    requestsSuccess: 0,
    requestsError: 0,
    requestsTimeout: 0,
  };
  address: SocketAddress;
  retired = false;

  constructor(owner: HostOwner, spec: EndpointSpec, place: HostPlace) {
    this.#owner = owner;
    this.#spec = spec;
    this.#place = place;
    this.#pools = new HostPools(this);
    this.warmingSince = owner.clock.monotonic();
    this.address = shownAddress(spec);
  }

  get priority(): number {
    return this.#place.priority;
  }

  /** Takes what the endpoint's source says now; connections stay, unless what to speak to it changed. */
  update(spec: EndpointSpec, place: HostPlace): void {
    this.#spec = spec;
    this.#place = place;
    this.address = shownAddress(spec);
    this.#pools.dialledAnew();
  }

  open(handler: UpstreamHandler, priority: Priority, fresh: boolean): UpstreamExchange | undefined {
    const pool = this.#pools.poolFor(priority, handler);
    if (fresh) pool.closeFree();
    return pool.open(handler);
  }

  connectTcp(handler: UpstreamTcpHandler, priority: Priority): UpstreamTcp | undefined {
    const breaker = this.#owner.breaker(priority);
    if (!breaker.connections.free || !this.hasRoom) {
      this.stats.cxOverflow.increment();
      return undefined;
    }
    const connection = new TcpConnection(this, breaker, handler, (gone) => this.#tcpConnections.delete(gone));
    this.#tcpConnections.add(connection);
    connection.open(this.dial());
    return connection;
  }

  /** Left its cluster: requests on their way end as they will, nothing is reused. */
  retire(): void {
    this.retired = true;
    this.refresh();
  }

  /** Lets idle connections go that may serve no more. */
  refresh(): void {
    for (const pool of this.#pools.all()) pool.refresh();
  }

  /** New requests get new connections; what is on its way ends as it will. */
  drain(): void {
    for (const pool of this.#pools.all()) pool.drain();
  }

  /** Ends connections that carry bytes. */
  closeTcp(detail: string): void {
    for (const connection of this.#tcpConnections) connection.fail(detail);
  }

  close(): void {
    this.retired = true;
    for (const pool of this.#pools.all()) pool.close();
    this.closeTcp('the cluster was closed');
  }

  get host(): UpstreamHost {
    return this;
  }
  get cluster(): Cluster {
    return this.#owner.cluster;
  }
  get identity(): string {
    return this.#spec.identity;
  }
  get text(): string {
    return this.#spec.text;
  }
  get hostname(): string {
    return this.#spec.hostname;
  }
  get target(): EndpointAddress {
    return this.#spec.address;
  }
  get weight(): number {
    return this.#spec.weight;
  }
  get place(): HostPlace {
    return this.#place;
  }
  get spec(): EndpointSpec {
    return this.#spec;
  }
  get metadata(): Readonly<Record<string, JsonObject>> {
    return this.#spec.metadata;
  }
  get localUris(): readonly string[] {
    const dialling = this.dial();
    return dialling.kind === 'tls' ? dialling.localUris : [];
  }
  get labels(): JsonObject {
    return this.#spec.labels;
  }
  get hashKey(): string {
    const { labels, hostname, text } = this.#spec;
    const key = labels['hash_key'];
    if (typeof key === 'string' && key !== '') return Buffer.from(key).latin1Slice();
    return this.#owner.hashByHostname ? hostname : text;
  }
  /** What discovery, health checks and outlier detection come to together. */
  get health(): HostHealth {
    const { health } = this.#spec;
    if (health === 'unhealthy' || this.checks.failed || this.outlier.ejected) return 'unhealthy';
    return this.checks.degraded ? 'degraded' : health;
  }
  get excluded(): boolean {
    return this.checks.pending || this.checks.excluded || this.#spec.status === HealthStatus.DRAINING;
  }
  /** In the order in which Envoy looks: what was found here, then what discovery said. */
  get status(): HealthStatus {
    if (this.checks.failed || this.outlier.ejected) return HealthStatus.UNHEALTHY;
    const { health, status } = this.#spec;
    return health !== 'unhealthy' && this.checks.degraded ? HealthStatus.DEGRADED : status;
  }
  get transportLabels(): JsonObject {
    return this.#spec.transportLabels;
  }
  get tellsClients(): boolean {
    return this.#owner.tellsClients;
  }
  get hasRoom(): boolean {
    return this.counters.connectionsActive < this.#owner.connectionsPerHost;
  }
  get activeRequests(): number {
    return this.counters.requestsActive;
  }
  get stats() {
    return this.#owner.stats;
  }
  get clock() {
    return this.#owner.clock;
  }

  get dice() {
    return this.#owner.dice;
  }
  get settings() {
    return this.#owner.settings;
  }
  get epoch() {
    return this.#owner.epoch;
  }

  /** `labels` in the place of the endpoint's own. */
  dial(serverName = '', labels: JsonObject = this.#spec.transportLabels): Dialling {
    return this.#owner.dial(labels, serverName);
  }

  breaker(priority: Priority): CircuitBreaker {
    return this.#owner.breaker(priority);
  }

  get checksHealth(): boolean {
    return this.#owner.checksHealth;
  }

  failNow(): void {
    this.#owner.failNow(this);
  }

  record(outcome: Parameters<PoolContext['record']>[0]): void {
    this.#owner.record(this, outcome);
  }

  snapshot(): HostSnapshot {
    return {
      ...this.counters,
      address: this.text,
      hostname: this.hostname,
      weight: this.weight,
      priority: this.#place.priority,
      locality: this.#place.locality,
      health: this.#spec.health,
      status: this.#spec.status,
      canary: this.#spec.labels['canary'] === true,
      ejected: this.outlier.ejected,
      checks: this.checks,
      successRate: this.outlier.rates.responses,
      localSuccessRate: this.outlier.rates.local,
    };
  }
}

function shownAddress({ address }: EndpointSpec): SocketAddress {
  return 'path' in address ? { host: address.path, port: 0 } : address;
}
