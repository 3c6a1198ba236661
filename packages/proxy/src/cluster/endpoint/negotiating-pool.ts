// A host's connections at one priority where the peer chooses the protocol: exchanges share those of HTTP/2, have one of HTTP/1.1 each, or wait.
import type { UpstreamExchange, UpstreamHandler } from '../cluster.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import type { ConnectFailure } from './connect-failure.ts';
import type { Connection } from './connection.ts';
import { ConnectionSet, NO_SECRETS } from './connection-set.ts';
import { DeferredExchange, type DeferredExchangeOwner } from './deferred-exchange.ts';
import { Exchange, type ExchangeOwner } from './exchange.ts';
import { ExchangeQueue } from './exchange-queue.ts';
import { FreeConnections } from './free-connections.ts';
import { Http2Exchange, type Http2ExchangeOwner } from './http2-exchange.ts';
import type { Http2Upstream } from './http2-upstream.ts';
import { NegotiatedConnection, type NegotiatedOwner } from './negotiated-connection.ts';
import type { PoolContext } from './pool-context.ts';
import { ANY_SITE, type PoolSite } from './pool-site.ts';

export class NegotiatingPool implements NegotiatedOwner, DeferredExchangeOwner, ExchangeOwner, Http2ExchangeOwner {
  readonly #context: PoolContext;
  readonly #queue: ExchangeQueue<DeferredExchange>;
  readonly #connections: ConnectionSet<NegotiatedConnection>;
  readonly #free: FreeConnections;
  readonly #shared = new Set<Http2Upstream>();
  /** What the host chose last. */
  #chosen: 'http1' | 'http2' | undefined;

  /** `site`: what is special to the requests of this pool. */
  constructor(
    context: PoolContext,
    breaker: CircuitBreaker,
    protocol: 'either' | 'multiplexed',
    site: PoolSite = ANY_SITE,
  ) {
    this.#context = context;
    this.#queue = new ExchangeQueue(context, breaker);
    this.#free = new FreeConnections(context);
    const dial = () => new NegotiatedConnection(context, this, protocol);
    this.#connections = new ConnectionSet(context, breaker, site, dial);
  }

  /** Undefined: a limit is reached. */
  open(handler: UpstreamHandler): UpstreamExchange | undefined {
    if (!this.#queue.admits()) return undefined;
    const exchange = this.#begin(handler);
    if (exchange) return exchange;
    const waiting = new DeferredExchange(this.#context, this, handler);
    if (!this.#queue.enter(waiting)) return undefined;
    this.#connectForWaiting();
    return waiting;
  }

  /** Lets connections go that may serve no more: the host was retired, or what it speaks changed. */
  refresh(): void {
    this.#free.closeUnusable();
    for (const connection of this.#shared) connection.drainIfDone();
  }

  /** Gives up the idle connections: one of them was found closed. */
  closeFree(): void {
    this.#free.closeAll();
    for (const connection of this.#shared) connection.closeIfIdle();
  }

  /** New requests get new connections. */
  drain(): void {
    this.#free.closeAll();
    for (const connection of this.#shared) connection.drain();
  }

  /** Nothing is on it, and nothing waits. */
  get empty(): boolean {
    return this.#connections.all.size === 0 && this.#queue.length === 0;
  }

  /** Ends everything now. */
  close(): void {
    this.#free.stopTimer();
    this.#queue.fail({ reason: 'connect-failure', detail: 'the cluster was closed' });
    for (const connection of this.#connections.all) connection.close();
  }

  cancel(exchange: DeferredExchange | Exchange | Http2Exchange): void {
    if (exchange instanceof DeferredExchange) this.#queue.cancel(exchange);
  }

  finished(): void {
    this.#queue.finished();
  }

  http1Connected(connection: Connection): void {
    this.#connections.connecting--;
    this.#chosen = 'http1';
    this.freed(connection);
    this.#connectForWaiting();
  }

  http2Connected(connection: Http2Upstream): void {
    this.#connections.connecting--;
    this.#chosen = 'http2';
    this.#shared.add(connection);
    while (connection.hasRoom && this.#queue.length > 0) {
      const waiting = this.#queue.next();
      if (waiting) waiting.carryOn(this.#startHttp2(connection, waiting.handler));
    }
    connection.drainIfDone();
    this.capacityChanged();
  }

  connectFailed(connection: NegotiatedConnection, failure: ConnectFailure): void {
    this.#connections.connecting--;
    this.#connections.forget(connection);
    this.#queue.fail(failure);
  }

  freed(connection: Connection): void {
    const waiting = this.#queue.next();
    if (waiting) return waiting.carryOn(this.#startHttp1(connection, waiting.handler));
    if (connection.usable) this.#free.put(connection);
    else connection.close();
  }

  /** Who waits is served as far as there is room. */
  capacityChanged(): void {
    while (this.#queue.length > 0) {
      const connection = this.#withRoom();
      if (!connection) return this.#connectForWaiting();
      const waiting = this.#queue.next();
      if (waiting) waiting.carryOn(this.#startHttp2(connection, waiting.handler));
    }
  }

  closed(connection: NegotiatedConnection, inner: Connection | Http2Upstream): void {
    this.#connections.forget(connection);
    this.#shared.delete(inner as Http2Upstream);
    this.#free.remove(inner as Connection);
    this.capacityChanged();
  }

  failNotReady(): void {
    if (this.#connections.connecting === 0) this.#queue.fail(NO_SECRETS);
  }

  /** Undefined: no connection has room. */
  #begin(handler: UpstreamHandler): UpstreamExchange | undefined {
    const shared = this.#withRoom();
    if (shared) return this.#startHttp2(shared, handler);
    const free = this.#free.take();
    return free && this.#startHttp1(free, handler);
  }

  #startHttp1(connection: Connection, handler: UpstreamHandler): Exchange {
    const exchange = new Exchange(this.#context, this, handler);
    this.#queue.began();
    connection.assign(exchange);
    return exchange;
  }

  #startHttp2(connection: Http2Upstream, handler: UpstreamHandler): Http2Exchange {
    const exchange = new Http2Exchange(this.#context, this, handler);
    this.#queue.began();
    connection.assign(exchange);
    return exchange;
  }

  #withRoom(): Http2Upstream | undefined {
    for (const connection of this.#shared) if (connection.usable) return connection;
    return undefined;
  }

  /** As long as it may be HTTP/2, one at a time: it may have room for all. */
  #connectForWaiting(): void {
    const { connecting } = this.#connections;
    const waiting = this.#queue.length;
    const wanted = this.#chosen === 'http1' ? waiting - connecting : Math.min(waiting, 1 - connecting);
    for (let count = 0; count < wanted; count++) {
      const outcome = this.#connections.open();
      if (outcome === 'not-ready') process.nextTick(failNotReady, this);
      if (outcome !== 'opened') return;
    }
  }
}

function failNotReady(pool: NegotiatingPool): void {
  pool.failNotReady();
}
