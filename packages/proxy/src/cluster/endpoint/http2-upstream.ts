// One HTTP/2 connection to an upstream: connect, secure, carry many exchanges, drain, close.
import type { SocketAddress, Timer } from '@meltemi/base';
import {
  connect,
  type ConnectHandler,
  type Http2Connection,
  type Http2ErrorCode,
  type Http2Stream,
  type TlsInfo,
  type Transport,
} from '@meltemi/wire';
import { PingWatch } from '../../codec/ping-watch.ts';
import type { ConnectionFacts, UpstreamRequest } from '../cluster.ts';
import { type ConnectFailure, connectFailure } from './connect-failure.ts';
import { ConnectionCounts } from './connection-counts.ts';
import { dialOptions, type ReadyDialling } from './dial-options.ts';
import type { DialledConnection } from './dialled-connection.ts';
import { http2Client, type Http2ClientOwner } from './http2-client.ts';
import type { Http2Carrier, Http2Exchange, Loss } from './http2-exchange.ts';
import { http2Request } from './http2-message.ts';
import { IdleWatch } from './idle-watch.ts';
import type { PoolContext } from './pool-context.ts';
import type { PoolSite } from './pool-site.ts';

/** The pool that a connection belongs to. */
export interface Http2UpstreamOwner {
  connected(connection: Http2Upstream): void;
  connectFailed(connection: Http2Upstream, failure: ConnectFailure): void;
  /** It may take more streams than before, or none from now on. */
  capacityChanged(): void;
  closed(connection: Http2Upstream): void;
}

export class Http2Upstream implements ConnectHandler, Http2ClientOwner, Http2Carrier {
  readonly #context: PoolContext;
  readonly #owner: Http2UpstreamOwner;
  readonly #counts: ConnectionCounts;
  /** Of the configuration that it was dialled under. */
  readonly epoch: number;
  readonly #mostStreams: number;
  #transport: Transport | undefined;
  #http2: Http2Connection | undefined;
  #timer: Timer | undefined;
  #state: 'connecting' | 'open' | 'closed' = 'connecting';
  #exchanges = 0;
  #served = 0;
  #idle: IdleWatch | undefined;
  #ping: PingWatch | undefined;
  #draining = false;
  #heard: Http2Exchange[] = [];
  #lost: Loss | undefined;

  /** `dialled`: what to go on with; else it is to be opened. `mostStreams`: at a time, fewer than its settings may say. */
  constructor(
    context: PoolContext,
    owner: Http2UpstreamOwner,
    dialled?: DialledConnection,
    mostStreams = Number.POSITIVE_INFINITY,
  ) {
    this.#context = context;
    this.#owner = owner;
    this.#mostStreams = mostStreams;
    this.epoch = dialled?.epoch ?? context.epoch;
    this.#counts = dialled?.counts ?? new ConnectionCounts(context, 'http2');
  }

  /** Starts to connect; how it went is told to the owner, after this call. */
  open(dialling: ReadyDialling, site: PoolSite): void {
    const { clock, settings, target } = this.#context;
    const timeout: ConnectFailure = { reason: 'connect-timeout', detail: 'connection timeout' };
    this.#timer = clock.after(settings.connectTimeoutMs, () => this.#connectFailed(timeout));
    this.#transport = connect(target, dialOptions(dialling, 'http2', this.#context, site), this);
  }

  /** Goes on with a connection that is there. */
  adopt(transport: Transport): void {
    this.#transport = transport;
    transport.handler = this;
    this.onConnect();
  }

  get tls(): TlsInfo | undefined {
    return this.#transport!.tls;
  }

  get localAddress(): SocketAddress {
    return this.#transport!.localAddress;
  }

  get facts(): ConnectionFacts {
    return this.#counts;
  }

  /** `code`: of a stream that ends now. Undefined: it ends alone. */
  lossOf(code: Http2ErrorCode): Loss | undefined {
    if (this.#lost || this.#http2!.open) return this.#lost;
    return { reason: 'protocol-error', detail: `the peer broke the protocol: ${code}` };
  }

  /** Another request may be sent on it: limits, configuration and peer allow it. */
  get usable(): boolean {
    return !this.#context.retired && !this.#isOld && this.hasRoom;
  }

  /** As usable, but also of a host that has left its cluster, and however long it took to connect: for requests that waited for it. */
  get hasRoom(): boolean {
    const most = Math.min(this.#mostStreams, this.#context.settings.http2.maxConcurrentStreams);
    return this.#isCurrent && this.#exchanges < most && this.#http2!.capacity > 0;
  }

  get #isCurrent(): boolean {
    return this.#state === 'open' && !this.#draining && this.epoch === this.#context.epoch;
  }

  get #isOld(): boolean {
    const { maxDurationMs } = this.#context.settings;
    return maxDurationMs > 0 && this.#counts.age >= maxDurationMs;
  }

  assign(exchange: Http2Exchange): void {
    const { settings, stats } = this.#context;
    this.#exchanges++;
    this.#idle?.ends();
    this.#ping?.used();
    const reused = this.#served++ > 0;
    if (settings.maxRequests > 0 && this.#served >= settings.maxRequests) {
      stats.cxMaxRequests.increment();
      this.#draining = true;
    }
    exchange.attach(this, reused);
  }

  get takesSwitches(): boolean | undefined {
    return this.#http2!.takesExtendedConnect;
  }

  /** Undefined: the peer takes no more. */
  request(exchange: Http2Exchange, request: UpstreamRequest): Http2Stream | undefined {
    const { pseudo, headers, endStream } = http2Request(request, this.tls !== undefined);
    return this.#http2!.request(exchange, pseudo, headers, endStream);
  }

  /** Something of the exchange came: it hears when the read is over. */
  heard(exchange: Http2Exchange): void {
    if (exchange.heard) return;
    exchange.heard = true;
    this.#heard.push(exchange);
  }

  /** An exchange on it is over. */
  finished(): void {
    this.#exchanges--;
    if (this.#exchanges === 0) {
      this.#idle?.begins();
      this.drainIfDone();
    }
    this.capacityChanged();
  }

  /** Serves no further request where it may not, and closes when those on it are over. */
  drainIfDone(): void {
    if (this.#state === 'open' && (this.#context.retired || this.#isOld || !this.#isCurrent)) this.drain();
  }

  /** One that is not there yet is new enough. */
  drain(): void {
    if (this.#state !== 'open') return;
    this.#draining = true;
    if (this.#exchanges === 0) this.close();
  }

  closeIfIdle(): void {
    if (this.#state === 'open' && this.#exchanges === 0) this.close();
  }

  /** Closes it from our side now; its streams are reset. */
  close(): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'connecting') return this.onClose();
    this.#lost ??= { reason: 'connection-termination', detail: 'the connection was closed' };
    this.#counts.closed('local', this.#exchanges > 0);
    this.#finish();
    this.#http2!.end('NO_ERROR');
  }

  onTcpConnect(): void {
    this.#counts.reached();
  }

  onConnect(): void {
    if (this.#state !== 'connecting') return;
    const { clock, dice, settings } = this.#context;
    this.#timer?.cancel();
    this.#state = 'open';
    this.#counts.connected(this.tls);
    this.#http2 = http2Client(this.#transport!, settings, clock, this);
    // What comes is counted here, and its end is told.
    this.#transport!.handler = this;
    this.#idle = new IdleWatch(clock, settings.idleTimeoutMs, () => this.#onIdle());
    if (settings.ping) this.#ping = new PingWatch(settings.ping, clock, dice, this);
    this.#owner.connected(this);
  }

  onData(bytes: Buffer): void {
    if (this.#state === 'open') this.#context.stats.cxRxBytesTotal.add(bytes.length);
    this.#ping?.heard();
    this.#http2?.onData(bytes);
    if (this.#state === 'open' && !this.#http2!.open) this.#broken();
    const heard = this.#heard;
    if (heard.length === 0) return;
    this.#heard = [];
    for (const exchange of heard) exchange.pause();
  }

  /** The peer broke the protocol, and the codec has given up: its streams were told. */
  #broken(): void {
    this.#context.stats.cxProtocolError.increment();
    this.#counts.closed('remote', true);
    this.#finish();
  }

  onEnd(): void {
    this.#lost ??= { reason: 'connection-termination', detail: 'remote close' };
    if (this.#http2) this.#http2.onEnd();
    else this.#transport?.destroy();
  }

  onDrain(): void {
    this.#http2?.onDrain();
  }

  onClose(error?: Error): void {
    if (this.#state === 'connecting') return this.#connectFailed(connectFailure(error));
    this.#lost ??= { reason: 'connection-termination', detail: error?.message ?? 'remote close' };
    const active = this.#exchanges > 0;
    this.#http2?.onClose(error);
    if (this.#state !== 'open') return;
    this.#counts.closed('remote', active);
    this.#finish();
  }

  /** The peer takes no new streams. */
  peerDrains(): void {
    this.#draining = true;
    this.#owner.capacityChanged();
    this.drainIfDone();
  }

  capacityChanged(): void {
    if (this.#state === 'open') this.#owner.capacityChanged();
  }

  ping(): void {
    this.#http2!.ping();
  }

  onPong(): void {
    this.#ping?.onPong();
  }

  onSilence(): void {
    this.#lost ??= { reason: 'connection-termination', detail: 'no answer to PING' };
    this.#transport!.destroy();
  }

  #connectFailed(failure: ConnectFailure): void {
    if (this.#state !== 'connecting') return;
    this.#counts.connectFailed(failure);
    this.#state = 'closed';
    this.#timer?.cancel();
    this.#owner.connectFailed(this, failure);
    this.#transport?.destroy();
  }

  #onIdle(): void {
    this.#context.stats.cxIdleTimeout.increment();
    this.close();
  }

  #finish(): void {
    this.#state = 'closed';
    this.#timer?.cancel();
    this.#idle?.close();
    this.#ping?.close();
    this.#owner.closed(this);
  }
}
