// The connections of one pool: opened within the limits of cluster and host, counted, forgotten when they are gone.
import type { CircuitBreaker } from './circuit-breaker.ts';
import type { ConnectFailure } from './connect-failure.ts';
import type { ReadyDialling } from './dial-options.ts';
import type { PoolContext } from './pool-context.ts';
import type { PoolSite } from './pool-site.ts';

/** Nothing may be sent before the secrets are there. */
export const NO_SECRETS: ConnectFailure = { reason: 'tls-failure', detail: 'TLS_error: secrets are not supplied' };

export class ConnectionSet<C extends { open(dialling: ReadyDialling, site: PoolSite): void }> {
  readonly #context: PoolContext;
  readonly #breaker: CircuitBreaker;
  readonly #site: PoolSite;
  readonly #make: () => C;
  readonly all = new Set<C>();
  /** Of these, how many are not there yet. */
  connecting = 0;

  constructor(context: PoolContext, breaker: CircuitBreaker, site: PoolSite, make: () => C) {
    this.#context = context;
    this.#breaker = breaker;
    this.#site = site;
    this.#make = make;
  }

  /** Over its limit of connections a cluster still gives one to a host that has none. */
  open(): 'opened' | 'full' | 'not-ready' {
    const within = this.#breaker.connections.free && this.#context.hasRoom;
    if (!within) this.#context.stats.cxOverflow.increment();
    if (!within && this.all.size > 0) return 'full';
    const dialling = this.#context.dial(this.#site.serverName);
    if (dialling.kind === 'not-ready') return 'not-ready';
    const connection = this.#make();
    this.#breaker.connections.acquire();
    this.all.add(connection);
    this.connecting++;
    connection.open(dialling, this.#site);
    return 'opened';
  }

  /** False: it was forgotten before. */
  forget(connection: C): boolean {
    if (!this.all.delete(connection)) return false;
    this.#breaker.connections.release();
    return true;
  }
}
