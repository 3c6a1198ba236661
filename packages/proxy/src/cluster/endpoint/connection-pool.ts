// A host's connections at one priority: exchanges get a free one, or wait for one, within the cluster's limits.
import type { Timer } from '@meltemi/base';
import type { UpstreamExchange, UpstreamHandler } from '../cluster.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import type { ConnectFailure } from './connect-failure.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import { Exchange, type ExchangeOwner } from './exchange.ts';
import type { PoolContext } from './pool-context.ts';

export class ConnectionPool implements ConnectionOwner, ExchangeOwner {
  readonly #context: PoolContext;
  readonly #breaker: CircuitBreaker;
  /** Last in, first out: the warmest connection serves, the coldest idles out. */
  readonly #free: Connection[] = [];
  readonly #all = new Set<Connection>();
  #connecting = 0;
  #waiting: Exchange[] = [];
  #idleTimer: Timer | undefined;

  constructor(context: PoolContext, breaker: CircuitBreaker) {
    this.#context = context;
    this.#breaker = breaker;
  }

  /** Undefined: a limit is reached. */
  open(handler: UpstreamHandler): UpstreamExchange | undefined {
    if (!this.#breaker.requests.free) return this.#overflow();
    const exchange = new Exchange(this.#context, this, handler);
    const connection = this.#takeFree();
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
    for (const connection of this.#free.filter((free) => !free.usable)) connection.close();
    // With nothing left to idle out, the timer would only keep the process alive.
    if (this.#free.length === 0) this.#stopIdleTimer();
  }

  /** Gives up the idle connections: one of them was found closed, and these have waited longer. */
  closeFree(): void {
    for (let free = this.#free.pop(); free; free = this.#free.pop()) free.close();
    this.#stopIdleTimer();
  }

  /** Ends everything now. */
  close(): void {
    this.#stopIdleTimer();
    this.#failWaiting({ reason: 'connect-failure', detail: 'the cluster was closed' });
    for (const connection of this.#all) connection.onClose();
    for (const connection of this.#all) connection.close();
  }

  cancel(exchange: Exchange): void {
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

  connected(connection: Connection): void {
    this.#connecting--;
    this.freed(connection);
  }

  connectFailed(connection: Connection, failure: ConnectFailure): void {
    this.#connecting--;
    this.#forget(connection);
    // As Envoy: what one attempt found out holds for all who wait for this host.
    this.#failWaiting(failure);
  }

  freed(connection: Connection): void {
    const exchange = this.#nextWaiting();
    if (exchange) return this.#start(connection, exchange);
    if (!connection.usable) return connection.close();
    this.#free.push(connection);
    if (!this.#idleTimer && this.#context.settings.idleTimeoutMs > 0)
      this.#armIdle(this.#context.settings.idleTimeoutMs);
  }

  closed(connection: Connection): void {
    this.#forget(connection);
    this.#connectForWaiting();
  }

  #takeFree(): Connection | undefined {
    for (let free = this.#free.pop(); free; free = this.#free.pop()) {
      if (free.usable) return free;
      free.close();
    }
    return undefined;
  }

  #start(connection: Connection, exchange: Exchange): void {
    this.#breaker.requests.acquire();
    this.#context.stats.rqTotal.increment();
    this.#context.stats.rqActive.increment();
    this.#context.counters.requestsTotal++;
    this.#context.counters.requestsActive++;
    connection.assign(exchange);
  }

  #wait(exchange: Exchange): void {
    this.#context.stats.rqPendingTotal.increment();
    this.#context.stats.rqPendingActive.increment();
    this.#waiting.push(exchange);
    this.#connectForWaiting();
  }

  /** The next to be served; those for whom the request limit leaves no room are told so. */
  #nextWaiting(): Exchange | undefined {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      this.#leaveQueue();
      if (this.#breaker.requests.free) return next;
      this.#context.stats.rqPendingOverflow.increment();
      next.refuse('overflow', 'request limit reached');
    }
    return undefined;
  }

  #leaveQueue(): void {
    this.#breaker.pending.release();
    this.#context.stats.rqPendingActive.decrement();
  }

  /** Over its limit of connections a cluster still gives one to a host that has none. */
  #connectForWaiting(): void {
    if (this.#connecting >= this.#waiting.length) return;
    const within = this.#breaker.connections.free;
    if (!within) this.#context.stats.cxOverflow.increment();
    if (!within && this.#all.size > 0) return;
    const dialling = this.#context.dial();
    if (dialling.kind === 'not-ready') return process.nextTick(failNotReady, this);
    const connection = new Connection(this.#context, this);
    this.#breaker.connections.acquire();
    this.#all.add(connection);
    this.#connecting++;
    connection.open(dialling);
  }

  failNotReady(): void {
    if (this.#connecting === 0)
      this.#failWaiting({ reason: 'tls-failure', detail: 'TLS_error: secrets are not supplied' });
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

  #forget(connection: Connection): void {
    if (!this.#all.delete(connection)) return;
    this.#breaker.connections.release();
    const place = this.#free.lastIndexOf(connection);
    if (place >= 0) this.#free.splice(place, 1);
  }

  #overflow(): undefined {
    this.#context.stats.rqPendingOverflow.increment();
    return undefined;
  }

  #armIdle(delayMs: number): void {
    this.#idleTimer = this.#context.clock.after(delayMs, () => this.#closeIdle());
  }

  #stopIdleTimer(): void {
    this.#idleTimer?.cancel();
    this.#idleTimer = undefined;
  }

  /** One timer for all: the oldest stands first. */
  #closeIdle(): void {
    this.#idleTimer = undefined;
    const { clock, settings, stats } = this.#context;
    const now = clock.monotonic();
    const tooOld = this.#free.filter((free) => free.freedAt + settings.idleTimeoutMs <= now + 0.5);
    for (const connection of tooOld) {
      stats.cxIdleTimeout.increment();
      connection.close();
    }
    const oldest = this.#free[0];
    if (oldest && settings.idleTimeoutMs > 0) this.#armIdle(oldest.freedAt + settings.idleTimeoutMs - now);
  }
}

function failNotReady(pool: ConnectionPool): void {
  pool.failNotReady();
}
