// Counts what is in use against its limits, and shows in a gauge which limit is reached.
import type { Gauge, StatsScope } from '@meltemi/telemetry';
import type { CircuitLimits, Priority } from '../cluster.ts';

/** One limit: as many as `max` at a time. A gauge is 1 while none is left. */
export class Limit {
  readonly #open: Gauge;
  #max: number;
  #used = 0;

  constructor(max: number, open: Gauge) {
    this.#max = max;
    this.#open = open;
  }

  get free(): boolean {
    return this.#used < this.#max;
  }

  get used(): number {
    return this.#used;
  }

  /** Counts one more, over the limit too: the caller asked `free`, or may not be refused. */
  acquire(): void {
    if (++this.#used === this.#max) this.#open.set(1);
  }

  tryAcquire(): boolean {
    if (!this.free) return false;
    this.acquire();
    return true;
  }

  release(): void {
    if (this.#used-- === this.#max) this.#open.set(0);
  }

  /** Takes a new limit; what is in use stays. */
  resize(max: number): void {
    this.#max = max;
    this.#open.set(this.free ? 0 : 1);
  }
}

/** The limits of one priority of a cluster. */
export class CircuitBreaker {
  readonly connections: Limit;
  readonly pending: Limit;
  readonly requests: Limit;
  readonly retries: Limit;

  constructor(priority: Priority, limits: CircuitLimits, scope: StatsScope) {
    const gauge = (name: string) => scope.gauge(`circuit_breakers.${priority}.${name}`);
    this.connections = new Limit(limits.maxConnections, gauge('cx_open'));
    this.pending = new Limit(limits.maxPendingRequests, gauge('rq_pending_open'));
    this.requests = new Limit(limits.maxRequests, gauge('rq_open'));
    this.retries = new Limit(limits.maxRetries, gauge('rq_retry_open'));
  }

  resize(limits: CircuitLimits): void {
    this.connections.resize(limits.maxConnections);
    this.pending.resize(limits.maxPendingRequests);
    this.requests.resize(limits.maxRequests);
    this.retries.resize(limits.maxRetries);
  }
}
