// Counts what is in use against its limits, over all workers, and shows in a gauge which limit is reached.
import type { Gauge, GaugeSource, StatsScope } from '@meltemi/telemetry';
import type { CounterCell } from '../../workers/shared-counters.ts';
import type { CircuitLimits, Priority } from '../cluster.ts';

/** One limit: as many as `max` at a time. A gauge is 1 while none is left. */
export class Limit implements GaugeSource {
  readonly #used: CounterCell;
  #max: number;

  constructor(max: number, used: CounterCell, open: Gauge) {
    this.#max = max;
    this.#used = used;
    open.follow(this);
  }

  get free(): boolean {
    return this.#used.value < this.#max;
  }

  get used(): number {
    return this.#used.value;
  }

  get gaugeValue(): number {
    return this.free ? 0 : 1;
  }

  /** Counts one more, over the limit too: the caller asked `free`, or may not be refused. */
  acquire(): void {
    this.#used.add(1);
  }

  tryAcquire(): boolean {
    if (this.#used.add(1) <= this.#max) return true;
    this.#used.add(-1);
    return false;
  }

  release(): void {
    this.#used.add(-1);
  }

  /** How many more there may be. */
  get remaining(): number {
    return Math.max(0, this.#max - this.#used.value);
  }

  /** Takes a new limit; what is in use stays. */
  resize(max: number): void {
    this.#max = max;
  }

  /** The cluster is gone; what is in use is still given back. */
  close(): void {
    this.#used.close();
  }
}

/** The limits of one priority of a cluster. */
export class CircuitBreaker {
  readonly connections: Limit;
  readonly pending: Limit;
  readonly requests: Limit;
  readonly retries: Limit;
  readonly #scope: StatsScope;
  readonly #priority: Priority;
  #limits: CircuitLimits;
  #tracked = false;

  /** `cell` gives the number in which all workers count what is in use of a kind. */
  constructor(priority: Priority, limits: CircuitLimits, scope: StatsScope, cell: (kind: string) => CounterCell) {
    const limit = (max: number, kind: string) =>
      new Limit(max, cell(`${priority}/${kind}`), scope.gauge(`circuit_breakers.${priority}.${kind}_open`));
    this.connections = limit(limits.maxConnections, 'cx');
    this.pending = limit(limits.maxPendingRequests, 'rq_pending');
    this.requests = limit(limits.maxRequests, 'rq');
    this.retries = limit(limits.maxRetries, 'rq_retry');
    this.#scope = scope;
    this.#priority = priority;
    this.#limits = limits;
    this.#track();
  }

  /** False: as many retries are on their way as may be, or as the requests of now allow. */
  tryRetry(): boolean {
    const { retryBudget } = this.#limits;
    if (retryBudget) {
      const allowed = Math.floor((retryBudget.percent / 100) * (this.requests.used + this.pending.used));
      this.retries.resize(Math.max(retryBudget.minimum, allowed));
    }
    return this.retries.tryAcquire();
  }

  resize(limits: CircuitLimits): void {
    this.#limits = limits;
    this.#track();
    this.connections.resize(limits.maxConnections);
    this.pending.resize(limits.maxPendingRequests);
    this.requests.resize(limits.maxRequests);
    this.retries.resize(limits.maxRetries);
  }

  /** Shows how much is left of each limit, where that is asked for. */
  #track(): void {
    if (this.#tracked || !this.#limits.tracksRemaining) return;
    this.#tracked = true;
    const follow = (name: string, limit: Limit): void =>
      this.#scope.gauge(`circuit_breakers.${this.#priority}.remaining_${name}`).follow({
        get gaugeValue() {
          return limit.remaining;
        },
      });
    follow('cx', this.connections);
    follow('pending', this.pending);
    follow('rq', this.requests);
    follow('retries', this.retries);
  }

  close(): void {
    for (const limit of [this.connections, this.pending, this.requests, this.retries]) limit.close();
  }
}
