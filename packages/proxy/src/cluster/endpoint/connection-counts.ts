// Counts the life of one connection in the stats of its cluster and its host, and knows what logs say of it.
import type { TlsInfo } from '@meltemi/wire';
import { MULTIPLEXED } from '../../tls/multiplexed-protocol.ts';
import type { ConnectionFacts } from '../cluster.ts';
import type { ConnectFailure } from './connect-failure.ts';
import type { PoolContext } from './pool-context.ts';

/** Who ended a connection. */
export type Side = 'local' | 'remote';

let lastId = 0;

export class ConnectionCounts implements ConnectionFacts {
  readonly #context: PoolContext;
  readonly id = ++lastId;
  readonly startedMs: number;
  protocol: ConnectionFacts['protocol'];
  connectedMs = 0;
  readyMs = 0;

  /** `protocol`: undefined: none of HTTP, or not known yet. */
  constructor(context: PoolContext, protocol?: 'http1' | 'http2') {
    const { stats, counters, clock } = context;
    this.#context = context;
    this.startedMs = clock.monotonic();
    stats.cxTotal.increment();
    if (protocol) this.speaks(protocol);
    stats.cxActive.increment();
    counters.connectionsTotal++;
    counters.connectionsActive++;
  }

  /** It is known now. */
  speaks(protocol: 'http1' | 'http2'): void {
    const { stats } = this.#context;
    this.protocol = protocol === 'http1' ? 'HTTP/1.1' : 'HTTP/2';
    (protocol === 'http1' ? stats.cxHttp1Total : stats.cxHttp2Total).increment();
  }

  /** Milliseconds since it was begun. */
  get age(): number {
    return this.#context.clock.monotonic() - this.startedMs;
  }

  /** By TCP; with TLS, its handshake comes next. */
  reached(): void {
    this.connectedMs = this.#context.clock.monotonic();
  }

  connected(tls: TlsInfo | undefined): void {
    const { stats, clock } = this.#context;
    this.readyMs = clock.monotonic();
    stats.cxConnectMs.record(Math.round(this.readyMs - this.startedMs));
    // Its requests are of HTTP/1.1, whatever carries them.
    if (tls?.alpn === MULTIPLEXED) this.protocol = 'HTTP/1.1';
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
