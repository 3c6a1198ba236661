// A host's HTTP/2 connections at one priority: exchanges share a connection, and wait where none has room, within the cluster's limits.
import type { UpstreamExchange, UpstreamHandler } from '../cluster.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import type { ConnectFailure } from './connect-failure.ts';
import { Http2Exchange, type Http2ExchangeOwner } from './http2-exchange.ts';
import { Http2Upstream, type Http2UpstreamOwner } from './http2-upstream.ts';
import type { PoolContext } from './pool-context.ts';

export class Http2Pool implements Http2ExchangeOwner, Http2UpstreamOwner {
  readonly #context: PoolContext;
  readonly #breaker: CircuitBreaker;
  readonly #connections = new Set<Http2Upstream>();
  #connecting = 0;
  #waiting: Http2Exchange[] = [];

  constructor(context: PoolContext, breaker: CircuitBreaker) {
    this.#context = context;
    this.#breaker = breaker;
  }

  /** Undefined: a limit is reached. */
  open(handler: UpstreamHandler): UpstreamExchange | undefined {
    if (!this.#breaker.requests.free) return this.#overflow();
    const exchange = new Http2Exchange(this.#context, this, handler);
    const connection = this.#withRoom();
    if (connection) {
      this.#start(connection, exchange);
      return exchange;
    }
    if (!this.#breaker.pending.tryAcquire()) return this.#overflow();
    this.#wait(exchange);
    return exchange;
  }

  /** Lets connections go that may serve no more: the host was retired, or what it speaks changed. */
  refresh(): void {
    for (const connection of this.#connections) connection.drainIfDone();
  }

  /** New requests get new connections. */
  closeFree(): void {
    for (const connection of this.#connections) connection.drain();
  }

  /** Ends everything now. */
  close(): void {
    this.#failWaiting({ reason: 'connect-failure', detail: 'the cluster was closed' });
    for (const connection of this.#connections) connection.close();
  }

  cancel(exchange: Http2Exchange): void {
    const place = this.#waiting.indexOf(exchange);
    if (place < 0) return;
    this.#waiting.splice(place, 1);
    this.#leaveQueue();
    this.#context.stats.rqCancelled.increment();
  }

  finished(): void {
    this.#breaker.requests.release();
    this.#context.stats.rqActive.decrement();
    this.#context.counters.requestsActive--;
  }

  connected(): void {
    this.#connecting--;
    this.#serveWaiting();
  }

  connectFailed(connection: Http2Upstream, failure: ConnectFailure): void {
    this.#connecting--;
    this.#forget(connection);
    // As Envoy: what one attempt found out holds for all who wait for this host.
    this.#failWaiting(failure);
  }

  capacityChanged(): void {
    this.#serveWaiting();
  }

  closed(connection: Http2Upstream): void {
    this.#forget(connection);
    this.#serveWaiting();
  }

  failNotReady(): void {
    if (this.#connecting === 0)
      this.#failWaiting({ reason: 'tls-failure', detail: 'TLS_error: secrets are not supplied' });
  }

  #withRoom(): Http2Upstream | undefined {
    for (const connection of this.#connections) if (connection.usable) return connection;
    return undefined;
  }

  #start(connection: Http2Upstream, exchange: Http2Exchange): void {
    const { stats, counters } = this.#context;
    this.#breaker.requests.acquire();
    stats.rqTotal.increment();
    stats.rqActive.increment();
    counters.requestsTotal++;
    counters.requestsActive++;
    connection.assign(exchange);
  }

  #wait(exchange: Http2Exchange): void {
    this.#context.stats.rqPendingTotal.increment();
    this.#context.stats.rqPendingActive.increment();
    this.#waiting.push(exchange);
    this.#connectForWaiting();
  }

  #serveWaiting(): void {
    while (this.#waiting.length > 0) {
      const connection = this.#withRoom();
      if (!connection) return this.#connectForWaiting();
      this.#serveNext(connection);
    }
  }

  /** Where the request limit leaves no room it is told so. */
  #serveNext(connection: Http2Upstream): void {
    const exchange = this.#waiting.shift()!;
    this.#leaveQueue();
    if (this.#breaker.requests.free) return this.#start(connection, exchange);
    this.#context.stats.rqPendingOverflow.increment();
    exchange.refuse('overflow', 'request limit reached');
  }

  #leaveQueue(): void {
    this.#breaker.pending.release();
    this.#context.stats.rqPendingActive.decrement();
  }

  /** One at a time: it may have room for all. Over its limit of connections a cluster still gives one to a host that has none. */
  #connectForWaiting(): void {
    if (this.#connecting > 0 || this.#waiting.length === 0) return;
    const within = this.#breaker.connections.free;
    if (!within) this.#context.stats.cxOverflow.increment();
    if (!within && this.#connections.size > 0) return;
    const dialling = this.#context.dial();
    if (dialling.kind === 'not-ready') return process.nextTick(failNotReady, this);
    const connection = new Http2Upstream(this.#context, this);
    this.#breaker.connections.acquire();
    this.#connections.add(connection);
    this.#connecting++;
    connection.open(dialling);
  }

  #failWaiting(failure: ConnectFailure): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const exchange of waiting) {
      this.#leaveQueue();
      this.#context.stats.rqPendingFailureEject.increment();
      exchange.fail(failure.reason, failure.detail);
    }
  }

  #forget(connection: Http2Upstream): void {
    if (this.#connections.delete(connection)) this.#breaker.connections.release();
  }

  #overflow(): undefined {
    this.#context.stats.rqPendingOverflow.increment();
    return undefined;
  }
}

function failNotReady(pool: Http2Pool): void {
  pool.failNotReady();
}
