// Exchanges that wait for a connection to one host, and the count of those that have one, within the cluster's limits.
import type { ResetReason } from '../cluster.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import type { ConnectFailure } from './connect-failure.ts';
import type { PoolContext } from './pool-context.ts';

export interface QueuedExchange {
  /** A limit was hit. */
  refuse(reason: ResetReason, detail: string): void;
  /** The host could not be reached. */
  fail(reason: ResetReason, detail: string): void;
}

export class ExchangeQueue<E extends QueuedExchange> {
  readonly #context: PoolContext;
  readonly #breaker: CircuitBreaker;
  #waiting: E[] = [];

  constructor(context: PoolContext, breaker: CircuitBreaker) {
    this.#context = context;
    this.#breaker = breaker;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** False: as many requests are on their way as may be, which is counted. */
  admits(): boolean {
    return this.#breaker.requests.free || this.#overflow();
  }

  /** False: as many wait as may, which is counted. */
  enter(exchange: E): boolean {
    if (!this.#breaker.pending.tryAcquire()) return this.#overflow();
    this.#context.stats.rqPendingTotal.increment();
    this.#context.stats.rqPendingActive.increment();
    this.#waiting.push(exchange);
    return true;
  }

  /** It was given up, if it still waited. */
  cancel(exchange: E): void {
    const place = this.#waiting.indexOf(exchange);
    if (place < 0) return;
    this.#waiting.splice(place, 1);
    this.#leave();
    this.#context.stats.rqCancelled.increment();
  }

  /** The next to be served; those for whom the request limit leaves no room are told so. */
  next(): E | undefined {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      this.#leave();
      if (this.#breaker.requests.free) return next;
      this.#overflow();
      next.refuse('overflow', 'request limit reached');
    }
    return undefined;
  }

  /** As Envoy: what one attempt to connect found out holds for all who wait for this host. */
  fail(failure: ConnectFailure): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const exchange of waiting) {
      this.#leave();
      this.#context.stats.rqPendingFailureEject.increment();
      exchange.fail(failure.reason, failure.detail);
    }
  }

  /** An exchange got its connection. */
  began(): void {
    const { stats, counters } = this.#context;
    this.#breaker.requests.acquire();
    stats.rqTotal.increment();
    stats.rqActive.increment();
    counters.requestsTotal++;
    counters.requestsActive++;
  }

  /** An exchange that had a connection is over. */
  finished(): void {
    this.#breaker.requests.release();
    this.#context.stats.rqActive.decrement();
    this.#context.counters.requestsActive--;
  }

  #leave(): void {
    this.#breaker.pending.release();
    this.#context.stats.rqPendingActive.decrement();
  }

  #overflow(): false {
    this.#context.stats.rqPendingOverflow.increment();
    return false;
  }
}
