// An endpoint with its state: weight and health, counters, a record of failures, and its connections.
import type { JsonObject } from '@bufbuild/protobuf';
import type { SocketAddress } from '@meltemi/base';
import type { LoadHost } from '../balance/load-balancer.ts';
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
import { OutlierState, type WatchedHost } from '../outlier-detection.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import { ConnectionPool } from './connection-pool.ts';
import type { Dialling } from './dialler.ts';
import { Http2Pool } from './http2-pool.ts';
import type { HostCounters, PoolContext } from './pool-context.ts';
import { TcpConnection } from './tcp-connection.ts';

/** What a host asks of its cluster. */
export interface HostOwner extends Pick<PoolContext, 'stats' | 'clock' | 'settings' | 'epoch'> {
  readonly cluster: Cluster;
  /** Consistent hashing places hosts by their names. */
  readonly hashByHostname: boolean;
  breaker(priority: Priority): CircuitBreaker;
  dial(labels: JsonObject): Dialling;
  record(host: Host, outcome: Parameters<PoolContext['record']>[0]): void;
}

/** A host's connections of one protocol, at one priority. */
type RequestPool = Pick<ConnectionPool, 'open' | 'refresh' | 'closeFree' | 'close'>;

/** Where a host stands among the endpoints of its cluster. */
export interface HostPlace {
  readonly priority: number;
  readonly locality: LocalityName;
}

export class Host implements UpstreamHost, LoadHost, WatchedHost, PoolContext {
  readonly #owner: HostOwner;
  #spec: EndpointSpec;
  #place: HostPlace;
  /** Made when first asked for. */
  readonly #pools: Readonly<Record<Priority, { http1?: ConnectionPool; http2?: Http2Pool }>> = {
    default: {},
    high: {},
  };
  readonly #tcpConnections = new Set<TcpConnection>();
  readonly outlier = new OutlierState();
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
  readonly address: SocketAddress;
  retired = false;

  constructor(owner: HostOwner, spec: EndpointSpec, place: HostPlace) {
    this.#owner = owner;
    this.#spec = spec;
    this.#place = place;
    this.address = 'path' in spec.address ? { host: spec.address.path, port: 0 } : spec.address;
  }

  /** Takes what the endpoint's source says now; connections stay, unless what to speak to it changed. */
  update(spec: EndpointSpec, place: HostPlace): void {
    this.#spec = spec;
    this.#place = place;
  }

  open(handler: UpstreamHandler, priority: Priority, fresh: boolean): UpstreamExchange | undefined {
    const pool = this.#poolOf(priority, this.#speaksHttp2(handler));
    if (fresh) pool.closeFree();
    return pool.open(handler);
  }

  connectTcp(handler: UpstreamTcpHandler, priority: Priority): UpstreamTcp | undefined {
    const breaker = this.#owner.breaker(priority);
    if (!breaker.connections.free) {
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
    for (const pool of this.#openPools()) pool.refresh();
  }

  close(): void {
    this.retired = true;
    for (const pool of this.#openPools()) pool.close();
    for (const connection of this.#tcpConnections) connection.fail('the cluster was closed');
  }

  get host(): UpstreamHost {
    return this;
  }
  get cluster(): Cluster {
    return this.#owner.cluster;
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
  get hashKey(): string {
    return this.#owner.hashByHostname && this.#spec.hostname !== '' ? this.#spec.hostname : this.#spec.hashKey;
  }
  get health(): HostHealth {
    return this.#spec.health;
  }
  get transportLabels(): JsonObject {
    return this.#spec.transportLabels;
  }
  get ejected(): boolean {
    return this.outlier.ejected;
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
  get settings() {
    return this.#owner.settings;
  }
  get epoch() {
    return this.#owner.epoch;
  }

  dial(): Dialling {
    return this.#owner.dial(this.#spec.transportLabels);
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
      health: this.health,
      ejected: this.ejected,
      // Success-rate detection is not run: -1, as Envoy shows it.
      successRate: -1,
    };
  }

  #poolOf(priority: Priority, http2: boolean): RequestPool {
    const pools = this.#pools[priority];
    if (http2) return (pools.http2 ??= new Http2Pool(this, this.#owner.breaker(priority)));
    return (pools.http1 ??= new ConnectionPool(this, this.#owner.breaker(priority)));
  }

  /** What the cluster speaks, or what the client does where that is its choice. */
  #speaksHttp2(handler: UpstreamHandler): boolean {
    const { protocol } = this.settings;
    return protocol === 'http2' || (protocol === 'as-received' && handler.http2 === true);
  }

  *#openPools(): Iterable<RequestPool> {
    for (const { http1, http2 } of [this.#pools.default, this.#pools.high]) {
      if (http1) yield http1;
      if (http2) yield http2;
    }
  }
}
