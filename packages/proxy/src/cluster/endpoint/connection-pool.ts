// A host's HTTP/1.1 connections at one priority: exchanges get a free one, or wait for one.
import type { UpstreamExchange, UpstreamHandler } from '../cluster.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import type { ConnectFailure } from './connect-failure.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import { ConnectionSet, NO_SECRETS } from './connection-set.ts';
import { Exchange, type ExchangeOwner } from './exchange.ts';
import { ExchangeQueue } from './exchange-queue.ts';
import { FreeConnections } from './free-connections.ts';
import type { PoolContext } from './pool-context.ts';
import { ANY_SITE, type PoolSite } from './pool-site.ts';

/** So many connections at most are opened ahead at once, as in Envoy. */
const MOST_AT_ONCE = 3;

export class ConnectionPool implements ConnectionOwner, ExchangeOwner {
  readonly #context: PoolContext;
  readonly #queue: ExchangeQueue<Exchange>;
  readonly #connections: ConnectionSet<Connection>;
  readonly #free: FreeConnections;

  /** `site`: what is special to the requests of this pool. */
  constructor(context: PoolContext, breaker: CircuitBreaker, site: PoolSite = ANY_SITE) {
    this.#context = context;
    this.#queue = new ExchangeQueue(context, breaker);
    this.#free = new FreeConnections(context);
    this.#connections = new ConnectionSet(context, breaker, site, () => new Connection(context, this));
  }

  /** Undefined: a limit is reached. */
  open(handler: UpstreamHandler): UpstreamExchange | undefined {
    if (!this.#queue.admits()) return undefined;
    const exchange = new Exchange(this.#context, this, handler);
    const connection = this.#free.take();
    if (connection) this.#start(connection, exchange);
    else if (!this.#queue.enter(exchange)) return undefined;
    if (!connection || this.#context.settings.preconnectRatio > 1) this.#connectAhead();
    return exchange;
  }

  /** Lets connections go that may serve no more: the host was retired, or what it speaks changed. */
  refresh(): void {
    this.#free.closeUnusable();
  }

  /** Gives up the idle connections: one of them was found closed, and these have waited longer. */
  closeFree(): void {
    this.#free.closeAll();
  }

  /** New requests get new connections. */
  drain(): void {
    this.#free.closeAll();
  }

  /** Nothing is on it, and nothing waits. */
  get empty(): boolean {
    return this.#connections.all.size === 0 && this.#queue.length === 0;
  }

  /** Ends everything now. */
  close(): void {
    this.#free.stopTimer();
    this.#queue.fail({ reason: 'connect-failure', detail: 'the cluster was closed' });
    for (const connection of this.#connections.all) connection.onClose();
    for (const connection of this.#connections.all) connection.close();
  }

  cancel(exchange: Exchange): void {
    this.#queue.cancel(exchange);
  }

  finished(): void {
    this.#queue.finished();
  }

  connected(connection: Connection): void {
    this.#connections.connecting--;
    this.freed(connection);
  }

  connectFailed(connection: Connection, failure: ConnectFailure): void {
    this.#connections.connecting--;
    this.#forget(connection);
    this.#queue.fail(failure);
  }

  freed(connection: Connection): void {
    const exchange = this.#queue.next();
    if (exchange) return this.#start(connection, exchange);
    if (!connection.usable) return connection.close();
    this.#free.put(connection);
  }

  closed(connection: Connection): void {
    this.#forget(connection);
    if (this.#wantsConnection) this.#connect();
  }

  failNotReady(): void {
    if (this.#connections.connecting === 0) this.#queue.fail(NO_SECRETS);
  }

  #start(connection: Connection, exchange: Exchange): void {
    this.#queue.began();
    connection.assign(exchange);
  }

  /** Some wait for whom no connection is on its way; where connections are opened ahead, for those too who may come. */
  get #wantsConnection(): boolean {
    const { all, connecting } = this.#connections;
    const active = all.size - connecting - this.#free.length;
    const { preconnectRatio } = this.#context.settings;
    return (this.#queue.length + active) * preconnectRatio > all.size;
  }

  #connectAhead(): void {
    for (let count = 0; count < MOST_AT_ONCE && this.#wantsConnection; count++) if (!this.#connect()) return;
  }

  /** False: none may be opened now. */
  #connect(): boolean {
    const outcome = this.#connections.open();
    if (outcome === 'not-ready') process.nextTick(failNotReady, this);
    return outcome === 'opened';
  }

  #forget(connection: Connection): void {
    if (this.#connections.forget(connection)) this.#free.remove(connection);
  }
}

function failNotReady(pool: ConnectionPool): void {
  pool.failNotReady();
}
