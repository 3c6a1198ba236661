// Counts the life of one connection in the stats of its cluster and its host.
import type { TlsInfo } from '@meltemi/wire';
import type { ConnectFailure } from './connect-failure.ts';
import type { PoolContext } from './pool-context.ts';

/** Who ended a connection. */
export type Side = 'local' | 'remote';

export class ConnectionCounts {
  readonly #context: PoolContext;
  readonly #startedAt: number;

  constructor(context: PoolContext, protocol: 'http1' | 'http2' | 'tcp' = 'http1') {
    const { stats, counters, clock } = context;
    this.#context = context;
    this.#startedAt = clock.monotonic();
    stats.cxTotal.increment();
    if (protocol === 'http1') stats.cxHttp1Total.increment();
    if (protocol === 'http2') stats.cxHttp2Total.increment();
    stats.cxActive.increment();
    counters.connectionsTotal++;
    counters.connectionsActive++;
  }

  /** Milliseconds since it was begun. */
  get age(): number {
    return this.#context.clock.monotonic() - this.#startedAt;
  }

  connected(tls: TlsInfo | undefined): void {
    const { stats } = this.#context;
    stats.cxConnectMs.record(Math.round(this.age));
    if (tls) stats.sslHandshake.increment();
    if (tls?.resumed) stats.sslSessionReused.increment();
  }

  connectFailed(failure: ConnectFailure): void {
    const { stats, counters } = this.#context;
    const timedOut = failure.reason === 'connect-timeout';
    stats.cxConnectFail.increment();
    counters.connectFailures++;
    if (timedOut) stats.cxConnectTimeout.increment();
    if (failure.reason === 'tls-failure') stats.sslConnectionError.increment();
    if (failure.peerRefused) stats.sslFailVerify.increment();
    this.closed(timedOut ? 'local' : 'remote', false);
  }

  /** `active`: a request was on it. */
  closed(side: Side, active: boolean): void {
    const { stats, counters } = this.#context;
    stats.cxActive.decrement();
    counters.connectionsActive--;
    stats.cxDestroy.increment();
    stats.cxLengthMs.record(Math.round(this.age));
    (side === 'local' ? stats.cxDestroyLocal : stats.cxDestroyRemote).increment();
    if (!active) return;
    stats.cxDestroyWithActiveRq.increment();
    (side === 'local' ? stats.cxDestroyLocalWithActiveRq : stats.cxDestroyRemoteWithActiveRq).increment();
  }
}
