// A host's HTTP/2 connections at one priority: exchanges share a connection, and wait where none has room.
import type { UpstreamExchange, UpstreamHandler } from '../cluster.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import type { ConnectFailure } from './connect-failure.ts';
import { ConnectionSet, NO_SECRETS } from './connection-set.ts';
import { ExchangeQueue } from './exchange-queue.ts';
import { Http2Exchange, type Http2ExchangeOwner } from './http2-exchange.ts';
import { Http2Upstream, type Http2UpstreamOwner } from './http2-upstream.ts';
import type { PoolContext } from './pool-context.ts';
import { ANY_SITE, type PoolSite } from './pool-site.ts';

export class Http2Pool implements Http2ExchangeOwner, Http2UpstreamOwner {
  readonly #context: PoolContext;
  readonly #queue: ExchangeQueue<Http2Exchange>;
  readonly #connections: ConnectionSet<Http2Upstream>;

  /** `site`: what is special to the requests of this pool. */
  constructor(context: PoolContext, breaker: CircuitBreaker, site: PoolSite = ANY_SITE) {
    this.#context = context;
    this.#queue = new ExchangeQueue(context, breaker);
    this.#connections = new ConnectionSet(context, breaker, site, () => new Http2Upstream(context, this));
  }

  /** Undefined: a limit is reached. */
  open(handler: UpstreamHandler): UpstreamExchange | undefined {
    if (!this.#queue.admits()) return undefined;
    const exchange = new Http2Exchange(this.#context, this, handler);
    const connection = this.#withRoom();
    if (connection) {
      this.#start(connection, exchange);
      return exchange;
    }
    if (!this.#queue.enter(exchange)) return undefined;
    this.#connectForWaiting();
    return exchange;
  }

  /** Lets connections go that may serve no more: the host was retired, or what it speaks changed. */
  refresh(): void {
    for (const connection of this.#connections.all) connection.drainIfDone();
  }

  /** Gives up the idle connections: one of them was found closed. */
  closeFree(): void {
    for (const connection of this.#connections.all) connection.closeIfIdle();
  }

  /** New requests get new connections. */
  drain(): void {
    for (const connection of this.#connections.all) connection.drain();
  }

  /** Nothing is on it, and nothing waits. */
  get empty(): boolean {
    return this.#connections.all.size === 0 && this.#queue.length === 0;
  }

  /** Ends everything now. */
  close(): void {
    this.#queue.fail({ reason: 'connect-failure', detail: 'the cluster was closed' });
    for (const connection of this.#connections.all) connection.close();
  }

  cancel(exchange: Http2Exchange): void {
    this.#queue.cancel(exchange);
  }

  finished(): void {
    this.#queue.finished();
  }

  connected(connection: Http2Upstream): void {
    this.#connections.connecting--;
    while (connection.hasRoom && this.#queue.length > 0) {
      const exchange = this.#queue.next();
      if (exchange) this.#start(connection, exchange);
    }
    connection.drainIfDone();
    this.#serveWaiting();
  }

  connectFailed(connection: Http2Upstream, failure: ConnectFailure): void {
    this.#connections.connecting--;
    this.#connections.forget(connection);
    this.#queue.fail(failure);
  }

  capacityChanged(): void {
    this.#serveWaiting();
  }

  closed(connection: Http2Upstream): void {
    this.#connections.forget(connection);
    this.#serveWaiting();
  }

  failNotReady(): void {
    if (this.#connections.connecting === 0) this.#queue.fail(NO_SECRETS);
  }

  #withRoom(): Http2Upstream | undefined {
    for (const connection of this.#connections.all) if (connection.usable) return connection;
    return undefined;
  }

  #start(connection: Http2Upstream, exchange: Http2Exchange): void {
    this.#queue.began();
    connection.assign(exchange);
  }

  #serveWaiting(): void {
    while (this.#queue.length > 0) {
      const connection = this.#withRoom();
      if (!connection) return this.#connectForWaiting();
      const exchange = this.#queue.next();
      if (exchange) this.#start(connection, exchange);
    }
  }

  /** One at a time: it may have room for all. */
  #connectForWaiting(): void {
    if (this.#connections.connecting > 0 || this.#queue.length === 0) return;
    if (this.#connections.open() === 'not-ready') process.nextTick(failNotReady, this);
  }
}

function failNotReady(pool: Http2Pool): void {
  pool.failNotReady();
}
