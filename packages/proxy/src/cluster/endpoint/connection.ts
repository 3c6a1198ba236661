// One HTTP/1.1 connection to an upstream: bytes in and out on behalf of one exchange at a time.
import type { SocketAddress, Timer } from '@meltemi/base';
import {
  connect,
  type ConnectHandler,
  type Headers,
  type Http1Error,
  type ResponseHandler,
  type ResponseHead,
  ResponseParser,
  type TlsInfo,
  type Transport,
} from '@meltemi/wire';
import type { ConnectionFacts } from '../cluster.ts';
import { type ConnectFailure, connectFailure } from './connect-failure.ts';
import { ConnectionCounts } from './connection-counts.ts';
import { dialOptions, type ReadyDialling } from './dial-options.ts';
import type { DialledConnection } from './dialled-connection.ts';
import type { Carrier, Exchange } from './exchange.ts';
import type { PoolContext } from './pool-context.ts';
import type { PoolSite } from './pool-site.ts';

/** The pool that a connection belongs to. */
export interface ConnectionOwner {
  connected(connection: Connection): void;
  connectFailed(connection: Connection, failure: ConnectFailure): void;
  /** Ready for another exchange. */
  freed(connection: Connection): void;
  closed(connection: Connection): void;
}

type State = 'connecting' | 'open' | 'closed';

export class Connection implements ConnectHandler, Carrier {
  readonly #context: PoolContext;
  readonly #owner: ConnectionOwner;
  readonly #parser: ResponseParser;
  readonly #counts: ConnectionCounts;
  /** Of the configuration that it was dialled under. */
  readonly epoch: number;
  #transport: Transport | undefined;
  #timer: Timer | undefined;
  #state: State = 'connecting';
  #exchange: Exchange | undefined;
  #keepAlive = true;
  #tunnel = false;
  /** The peer's side of a tunnel is over. */
  #peerEnded = false;
  #corked = false;
  #paused = false;
  #served = 0;
  /** When it became idle, in the clock's monotonic milliseconds. */
  freedAt = 0;

  /** `dialled`: what to go on with; else it is to be opened. */
  constructor(context: PoolContext, owner: ConnectionOwner, dialled?: DialledConnection) {
    this.#context = context;
    this.#owner = owner;
    this.epoch = dialled?.epoch ?? context.epoch;
    this.#counts = dialled?.counts ?? new ConnectionCounts(context, 'http1');
    const { maxResponseHeadBytes: maxHeadBytes, maxResponseHeaders: maxHeaders, http1 } = context.settings;
    this.#parser = new ResponseParser(responsesOf(this), { maxHeadBytes, maxHeaders }, http1.memory);
  }

  /** Starts to connect; how it went is told to the owner, after this call. */
  open(dialling: ReadyDialling, site: PoolSite): void {
    const { clock, settings, target } = this.#context;
    this.#timer = clock.after(settings.connectTimeoutMs, () => this.#connectTimedOut());
    this.#transport = connect(target, dialOptions(dialling, 'http1', this.#context, site), this);
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

  /** Another request may be sent on it: limits, configuration and peer allow it. */
  get usable(): boolean {
    const { settings, epoch, retired } = this.#context;
    if (this.#state !== 'open' || retired || this.epoch !== epoch) return false;
    return settings.maxDurationMs === 0 || this.#counts.age < settings.maxDurationMs;
  }

  assign(exchange: Exchange): void {
    this.#exchange = exchange;
    exchange.attach(this, this.#served++ > 0);
  }

  /** Closes it from our side; an exchange on it has been told before. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#counts.closed('local', this.#exchange !== undefined);
    this.#finish();
    this.#transport?.destroy();
  }

  begin(method: string, upgrade: boolean, head: string, more: boolean): void {
    this.#keepAlive = true;
    this.#parser.expect(method, upgrade);
    if (more) this.#corkForTurn();
    this.write(head);
  }

  write(data: Buffer | string): boolean {
    this.#context.stats.cxTxBytesTotal.add(data.length);
    return this.#transport!.write(data);
  }

  writeChunk(head: string, chunk: Buffer): boolean {
    this.#corkForTurn();
    this.write(head);
    this.write(chunk);
    return this.write('\r\n');
  }

  endWriting(): void {
    this.#transport!.end();
  }

  abort(): void {
    if (this.#exchange && this.#state === 'open') this.#context.stats.rqTxReset.increment();
    this.close();
  }

  pauseReading(): void {
    this.#paused = true;
    this.#transport!.pauseReading();
  }

  resumeReading(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#transport!.resumeReading();
  }

  onTcpConnect(): void {
    this.#counts.reached();
  }

  onConnect(): void {
    if (this.#state !== 'connecting') return;
    this.#timer?.cancel();
    this.#state = 'open';
    this.#counts.connected(this.tls);
    this.freedAt = this.#context.clock.monotonic();
    this.#owner.connected(this);
  }

  onData(bytes: Buffer): void {
    if (this.#state !== 'open') return;
    this.#context.stats.cxRxBytesTotal.add(bytes.length);
    if (this.#tunnel) return this.#tunnelled(bytes);
    const taken = this.#parser.execute(bytes);
    // The fast path: a response that came in one read is over here.
    if (!this.#exchange) return;
    if (this.#tunnel && taken < bytes.length) this.#exchange.body(bytes.subarray(taken));
    this.#exchange?.pause();
  }

  onEnd(): void {
    if (this.#state !== 'open') return;
    if (this.#tunnel) return this.#tunnelEnded();
    this.#parser.finish();
    this.#lost('remote close');
  }

  onDrain(): void {
    this.#exchange?.drained();
  }

  onClose(error?: Error): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'connecting') return this.#connectFailed(connectFailure(error));
    if (this.#peerEnded && this.#exchange?.requestEnded) return this.#closeTunnel();
    this.#lost(error ? error.message : 'remote close');
  }

  informational(head: ResponseHead): void {
    this.#exchange?.informational(head);
  }

  head(head: ResponseHead): void {
    this.#keepAlive = head.keepAlive;
    this.#tunnel = head.upgrade;
    this.#exchange?.head(head);
  }

  body(chunk: Buffer): void {
    this.#exchange?.body(chunk);
  }

  /** The response is complete. The connection is released first: the handler may open the next exchange on it. */
  ended(trailers: Headers | undefined): void {
    const exchange = this.#exchange;
    if (!exchange) return;
    this.#exchange = undefined;
    this.freedAt = exchange.settle();
    this.resumeReading();
    if (this.#mayServeAfter(exchange)) this.#owner.freed(this);
    else this.close();
    exchange.handler.onEnd(this.#context.settings.http1.trailers ? trailers : undefined);
  }

  failed(error: Http1Error): void {
    if (this.#state !== 'open') return;
    if (error.code === 'CUT_SHORT') return this.#lost(error.message);
    this.#context.stats.cxProtocolError.increment();
    const exchange = this.#takeExchange();
    exchange?.fail('protocol-error', error.message);
    this.close();
  }

  /** A response before the end of its request, or with bytes behind it, leaves a peer whose next answer can't be trusted. */
  #mayServeAfter(exchange: Exchange): boolean {
    const { settings, stats } = this.#context;
    if (!this.#keepAlive || !exchange.requestEnded || exchange.upgrade || this.#parser.surplus) return false;
    if (settings.maxRequests === 0 || this.#served < settings.maxRequests) return this.usable;
    stats.cxMaxRequests.increment();
    return false;
  }

  /** Joins what this turn writes into one system call. */
  #corkForTurn(): void {
    if (this.#corked) return;
    this.#corked = true;
    this.#transport!.cork();
    process.nextTick(uncork, this);
  }

  uncork(): void {
    this.#corked = false;
    if (this.#state === 'open') this.#transport!.uncork();
  }

  #tunnelled(bytes: Buffer): void {
    this.#exchange?.body(bytes);
    this.#exchange?.pause();
  }

  /** The peer sends no more through the tunnel; our side may go on. */
  #tunnelEnded(): void {
    this.#peerEnded = true;
    this.#exchange?.handler.onEnd(undefined);
    if (this.#state === 'open' && this.#exchange?.requestEnded && this.#transport!.bytesQueued === 0)
      this.#closeTunnel();
  }

  #closeTunnel(): void {
    const exchange = this.#takeExchange();
    this.close();
    exchange?.settle();
  }

  #connectTimedOut(): void {
    this.#connectFailed({ reason: 'connect-timeout', detail: 'connection timeout' });
  }

  #connectFailed(failure: ConnectFailure): void {
    if (this.#state !== 'connecting') return;
    this.#counts.connectFailed(failure);
    this.#finish(failure);
    this.#transport!.destroy();
  }

  #lost(detail: string): void {
    if (this.#state !== 'open') return;
    this.#counts.closed('remote', this.#exchange !== undefined);
    const exchange = this.#takeExchange();
    this.#finish();
    this.#transport!.destroy();
    exchange?.fail('connection-termination', detail);
  }

  /** So that the exchange's own `abort` finds nothing left to do. */
  #takeExchange(): Exchange | undefined {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    return exchange;
  }

  #finish(failure?: ConnectFailure): void {
    this.#state = 'closed';
    this.#exchange = undefined;
    this.#timer?.cancel();
    this.#parser.reset();
    if (failure) this.#owner.connectFailed(this, failure);
    else this.#owner.closed(this);
  }
}

/** The parser's events under other names: a transport has an `onEnd` of its own. */
function responsesOf(connection: Connection): ResponseHandler {
  return {
    onInformational: (head) => connection.informational(head),
    onHead: (head) => connection.head(head),
    onBody: (chunk) => connection.body(chunk),
    onEnd: (trailers) => connection.ended(trailers),
    onError: (error) => connection.failed(error),
  };
}

function uncork(connection: Connection): void {
  connection.uncork();
}
