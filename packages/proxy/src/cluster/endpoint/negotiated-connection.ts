// Dials a host that chooses the protocol by ALPN, and goes on with what it chose.
import type { Timer } from '@meltemi/base';
import { connect, type ConnectHandler, type Transport } from '@meltemi/wire';
import { type ConnectFailure, connectFailure } from './connect-failure.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import { ConnectionCounts } from './connection-counts.ts';
import { dialOptions, type ReadyDialling } from './dial-options.ts';
import { Http2Upstream, type Http2UpstreamOwner } from './http2-upstream.ts';
import { choseHttp2 } from './offered-names.ts';
import type { PoolContext } from './pool-context.ts';
import type { PoolSite } from './pool-site.ts';

/** The pool that a connection belongs to. */
export interface NegotiatedOwner {
  http1Connected(connection: Connection): void;
  http2Connected(connection: Http2Upstream): void;
  connectFailed(connection: NegotiatedConnection, failure: ConnectFailure): void;
  /** Ready for another exchange. */
  freed(connection: Connection): void;
  /** It may take more streams than before, or none from now on. */
  capacityChanged(): void;
  closed(connection: NegotiatedConnection, inner: Connection | Http2Upstream): void;
}

/** Of a sidecar of our kind: a further connection spreads the load of more. */
const MOST_STREAMS = 100;

export class NegotiatedConnection implements ConnectHandler, ConnectionOwner, Http2UpstreamOwner {
  readonly #context: PoolContext;
  readonly #owner: NegotiatedOwner;
  readonly #protocol: 'either' | 'multiplexed';
  readonly #counts: ConnectionCounts;
  readonly #epoch: number;
  #transport: Transport | undefined;
  #timer: Timer | undefined;
  #state: 'connecting' | 'connected' | 'failed' = 'connecting';
  #inner: Connection | Http2Upstream | undefined;

  constructor(context: PoolContext, owner: NegotiatedOwner, protocol: 'either' | 'multiplexed') {
    this.#context = context;
    this.#owner = owner;
    this.#protocol = protocol;
    this.#epoch = context.epoch;
    this.#counts = new ConnectionCounts(context);
  }

  /** Starts to connect; how it went is told to the owner, after this call. */
  open(dialling: ReadyDialling, site: PoolSite): void {
    const { clock, settings, target } = this.#context;
    const timeout: ConnectFailure = { reason: 'connect-timeout', detail: 'connection timeout' };
    this.#timer = clock.after(settings.connectTimeoutMs, () => this.#fail(timeout));
    this.#transport = connect(target, dialOptions(dialling, this.#protocol, this.#context, site), this);
  }

  /** Ends it now, whatever is on it. */
  close(): void {
    if (this.#inner instanceof Connection) this.#inner.onClose();
    if (this.#inner) this.#inner.close();
    else this.#fail({ reason: 'connect-failure', detail: 'the cluster was closed' });
  }

  onTcpConnect(): void {
    this.#counts.reached();
  }

  onConnect(): void {
    if (this.#state !== 'connecting') return;
    this.#timer?.cancel();
    this.#state = 'connected';
    const http2 = choseHttp2(this.#protocol, this.#transport!.tls?.alpn);
    this.#counts.speaks(http2 ? 'http2' : 'http1');
    const dialled = { counts: this.#counts, epoch: this.#epoch };
    const mostStreams = this.#protocol === 'multiplexed' ? MOST_STREAMS : undefined;
    this.#inner = http2
      ? new Http2Upstream(this.#context, this, dialled, mostStreams)
      : new Connection(this.#context, this, dialled);
    this.#inner.adopt(this.#transport!);
  }

  onData(): void {
    // Nothing comes before the handshake is done, and then it has another reader.
  }

  onEnd(): void {
    this.#transport?.destroy();
  }

  onDrain(): void {
    // Nothing was sent.
  }

  onClose(error?: Error): void {
    this.#fail(connectFailure(error));
  }

  connected(connection: Connection | Http2Upstream): void {
    if (connection instanceof Connection) this.#owner.http1Connected(connection);
    else this.#owner.http2Connected(connection);
  }

  connectFailed(): void {
    // What goes on with a connection has one.
  }

  freed(connection: Connection): void {
    this.#owner.freed(connection);
  }

  capacityChanged(): void {
    this.#owner.capacityChanged();
  }

  closed(connection: Connection | Http2Upstream): void {
    this.#owner.closed(this, connection);
  }

  #fail(failure: ConnectFailure): void {
    if (this.#state !== 'connecting') return;
    this.#state = 'failed';
    this.#timer?.cancel();
    this.#counts.connectFailed(failure);
    this.#owner.connectFailed(this, failure);
    this.#transport?.destroy();
  }
}
