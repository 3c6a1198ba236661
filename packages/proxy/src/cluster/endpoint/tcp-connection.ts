// One connection to an upstream that carries bytes as they are: connect, secure, count, close.
import type { SocketAddress, Timer } from '@meltemi/base';
import { connect, type ConnectHandler, type TlsInfo, type Transport, TransportError } from '@meltemi/wire';
import type { ConnectionFacts, UpstreamHost, UpstreamTcp, UpstreamTcpHandler } from '../cluster.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import { type ConnectFailure, connectFailure } from './connect-failure.ts';
import { ConnectionCounts } from './connection-counts.ts';
import { NO_SECRETS } from './connection-set.ts';
import { dialOptions } from './dial-options.ts';
import type { Dialling } from './dialler.ts';
import type { PoolContext } from './pool-context.ts';

export class TcpConnection implements ConnectHandler, UpstreamTcp {
  readonly #context: PoolContext;
  readonly #breaker: CircuitBreaker;
  readonly #handler: UpstreamTcpHandler;
  readonly #onGone: (connection: TcpConnection) => void;
  readonly #counts: ConnectionCounts;
  #transport: Transport | undefined;
  #timer: Timer | undefined;
  #state: 'connecting' | 'open' | 'closed' = 'connecting';

  /** `onGone` is called once, before the handler hears of the end. */
  constructor(
    context: PoolContext,
    breaker: CircuitBreaker,
    handler: UpstreamTcpHandler,
    onGone: (connection: TcpConnection) => void,
  ) {
    this.#context = context;
    this.#breaker = breaker;
    this.#handler = handler;
    this.#onGone = onGone;
    this.#counts = new ConnectionCounts(context);
    breaker.connections.acquire();
  }

  get host(): UpstreamHost {
    return this.#context.host;
  }

  get tls(): TlsInfo | undefined {
    return this.#transport?.tls;
  }

  get localAddress(): SocketAddress {
    return this.#transport!.localAddress;
  }

  get facts(): ConnectionFacts {
    return this.#counts;
  }

  /** Starts to connect; how it went is told to the handler, after this call. */
  open(dialling: Dialling): void {
    if (dialling.kind === 'not-ready') return process.nextTick(failNotReady, this);
    const { clock, settings, target } = this.#context;
    this.#timer = clock.after(settings.connectTimeoutMs, () =>
      this.#connectFailed({ reason: 'connect-timeout', detail: 'connection timeout' }),
    );
    const options = dialOptions(dialling, 'bytes', this.#context, {
      client: this.#handler.clientEnds,
      offered: undefined,
    });
    this.#transport = connect(target, options, this);
  }

  write(chunk: Buffer): boolean {
    this.#context.stats.cxTxBytesTotal.add(chunk.length);
    return this.#transport!.write(chunk);
  }

  end(): void {
    this.#transport?.end();
  }

  pauseReading(): void {
    this.#transport?.pauseReading();
  }

  resumeReading(): void {
    this.#transport?.resumeReading();
  }

  close(how?: 'reset'): void {
    if (this.#state === 'closed') return;
    const connected = this.#state === 'open';
    this.#finish('local');
    if (how === 'reset' && connected) this.#transport!.reset();
    else this.#transport?.destroy();
  }

  /** Ends it now, and tells the handler. */
  fail(detail: string): void {
    if (this.#state === 'closed') return;
    this.close();
    this.#handler.onClose({ kind: 'lost', detail });
  }

  failNotReady(): void {
    this.#connectFailed(NO_SECRETS);
  }

  onTcpConnect(): void {
    this.#counts.reached();
  }

  onConnect(): void {
    if (this.#state !== 'connecting') return;
    this.#timer?.cancel();
    const { stats, counters } = this.#context;
    this.#state = 'open';
    this.#counts.connected(this.tls);
    this.#context.record(200);
    // As Envoy: a connection counts as a request of its host, for balancers that compare hosts by them.
    stats.rqTotal.increment();
    stats.rqActive.increment();
    counters.requestsTotal++;
    counters.requestsActive++;
    this.#handler.onConnected();
  }

  onData(bytes: Buffer): void {
    if (this.#state !== 'open') return;
    this.#context.stats.cxRxBytesTotal.add(bytes.length);
    this.#handler.onData(bytes);
  }

  onEnd(): void {
    if (this.#state === 'open') this.#handler.onEnd();
  }

  onDrain(): void {
    if (this.#state === 'open') this.#handler.onDrain();
  }

  onClose(error?: Error): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'connecting') return this.#connectFailed(connectFailure(error));
    this.#finish('remote');
    const reset = error instanceof TransportError && error.code === 'CONNECTION_RESET';
    this.#handler.onClose(error ? { kind: reset ? 'reset' : 'lost', detail: error.message } : { kind: 'ended' });
  }

  #connectFailed(failure: ConnectFailure): void {
    if (this.#state !== 'connecting') return;
    this.#counts.connectFailed(failure);
    this.#context.record(failure.reason === 'connect-timeout' ? 'timeout' : 'local-failure');
    this.#release();
    this.#transport?.destroy();
    this.#handler.onClose({ kind: 'connect-failed', detail: failure.detail });
  }

  #finish(side: 'local' | 'remote'): void {
    const active = this.#state === 'open';
    this.#counts.closed(side, active);
    if (active) {
      this.#context.stats.rqActive.decrement();
      this.#context.counters.requestsActive--;
    }
    this.#release();
  }

  #release(): void {
    this.#state = 'closed';
    this.#timer?.cancel();
    this.#breaker.connections.release();
    this.#onGone(this);
  }
}

function failNotReady(connection: TcpConnection): void {
  connection.failNotReady();
}
