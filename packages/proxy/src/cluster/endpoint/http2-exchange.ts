// One request on its way as a stream of an HTTP/2 connection: waits for a connection, sends, passes the response on, ends once.
import type { SocketAddress } from '@meltemi/base';
import {
  type Headers,
  type Http2ErrorCode,
  type Http2Stream,
  type Http2StreamHandler,
  type PseudoFields,
  type TlsInfo,
} from '@meltemi/wire';
import { MULTIPLEXED } from '../../tls/multiplexed-protocol.ts';
import type {
  ConnectionFacts,
  ResetReason,
  UpstreamExchange,
  UpstreamHandler,
  UpstreamHost,
  UpstreamRequest,
  GiveUpCause,
} from '../cluster.ts';
import { countFailure, countGivenUp, countResponse } from './exchange-counts.ts';
import { responseHead, switchedHead } from './http2-message.ts';
import type { PoolContext } from './pool-context.ts';

/** The pool that an exchange was opened on. */
export interface Http2ExchangeOwner {
  /** It waits for no connection any more. */
  cancel(exchange: Http2Exchange): void;
  /** It had a connection and is over; the connection hears so next. */
  finished(): void;
}

/** The connection under an exchange. */
export interface Http2Carrier {
  readonly tls: TlsInfo | undefined;
  readonly localAddress: SocketAddress;
  readonly facts: ConnectionFacts;
  /** Undefined: the peer has not said yet. */
  readonly takesSwitches: boolean | undefined;
  /** Undefined: the peer takes no more. */
  request(exchange: Http2Exchange, request: UpstreamRequest): Http2Stream | undefined;
  /** Something of the exchange came: it hears when the read is over. */
  heard(exchange: Http2Exchange): void;
  /** `code`: of a stream that ends now. Undefined: it ends alone. */
  lossOf(code: Http2ErrorCode): Loss | undefined;
  /** The exchange is over. */
  finished(): void;
}

/** Why the streams end that end with their connection. */
export interface Loss {
  readonly reason: ResetReason;
  readonly detail: string;
}

const NOTHING = Buffer.alloc(0);

export class Http2Exchange implements UpstreamExchange, Http2StreamHandler {
  readonly handler: UpstreamHandler;
  readonly #context: PoolContext;
  readonly #owner: Http2ExchangeOwner;
  #state: 'waiting' | 'active' | 'done' = 'waiting';
  #connection: Http2Carrier | undefined;
  #stream: Http2Stream | undefined;
  #request: UpstreamRequest | undefined;
  /** Copies of body parts that came before the connection did. */
  #early: Buffer[] = [];
  #trailers: Headers | undefined;
  #endsWithHead = false;
  /** It asks for another protocol, and got it. */
  #switches = false;
  #tunnel = false;
  #requestEnded = false;
  #requestEndedAt = 0;
  /** Something of it came in this read. */
  heard = false;
  reused = false;

  constructor(context: PoolContext, owner: Http2ExchangeOwner, handler: UpstreamHandler) {
    this.#context = context;
    this.#owner = owner;
    this.handler = handler;
  }

  get host(): UpstreamHost {
    return this.#context.host;
  }

  get multiplexed(): boolean {
    return this.#connection?.tls?.alpn === MULTIPLEXED;
  }

  sendHead(request: UpstreamRequest): void {
    if (this.#state === 'done' || this.#request !== undefined) return;
    this.#endsWithHead = request.bodyLength === 0 && !request.upgrade;
    this.#switches = request.upgrade;
    // What waits must not change under it.
    this.#request = this.#connection ? request : { ...request, headers: request.headers.clone() };
    if (this.#connection) this.#begin(this.#connection);
  }

  sendBody(chunk: Buffer): boolean {
    if (this.#state === 'done' || chunk.length === 0) return true;
    if (this.#endsWithHead) {
      this.#giveUp('protocol-error', 'more body than the announced length');
      return true;
    }
    if (this.#stream) return this.#stream.sendBody(chunk, false);
    this.#early.push(Buffer.from(chunk));
    return false;
  }

  end(trailers?: Headers): void {
    if (this.#state === 'done' || this.#requestEnded) return;
    // The end of a request to switch is that of its tunnel.
    if (this.#switches && !this.#tunnel) return;
    this.#requestEnded = true;
    this.#trailers = trailers;
    if (this.#stream) this.#endRequest(this.#stream);
  }

  reset(cause: GiveUpCause = 'cancelled'): void {
    if (this.#state === 'done') return;
    countGivenUp(this.#context, cause);
    this.#leave();
  }

  pauseReading(): void {
    this.#stream?.pauseReading();
  }

  resumeReading(): void {
    this.#stream?.resumeReading();
  }

  /** The pool found a connection. */
  attach(connection: Http2Carrier, reused: boolean): void {
    this.#state = 'active';
    this.#connection = connection;
    this.reused = reused;
    if (this.#request) this.#begin(connection);
  }

  /** The host failed; the handler hears why, unless the exchange is over already. */
  fail(reason: ResetReason, detail: string): void {
    if (this.#state === 'done') return;
    countFailure(this.#context);
    this.#giveUp(reason, detail);
  }

  /** It can't go on, and the host is not to blame. */
  refuse(reason: 'overflow' | 'protocol-error' | 'refused', detail: string): void {
    if (this.#state !== 'done') this.#giveUp(reason, detail);
  }

  /** The read is over in which something of it came. */
  pause(): void {
    this.heard = false;
    if (this.#state === 'active') this.handler.onPause();
  }

  onHead(pseudo: PseudoFields, headers: Headers, endStream: boolean): void {
    if (this.#state !== 'active' || pseudo.kind !== 'response') return;
    this.#connection!.heard(this);
    countResponse(this.#context, pseudo.status, headers);
    if (!this.#switches) return this.handler.onHead(responseHead(pseudo.status, headers, endStream));
    const head = switchedHead(this.#request!.method, pseudo.status, headers, endStream);
    this.#tunnel = head.upgrade;
    this.handler.onHead(head);
  }

  onInformational(status: number, headers: Headers): void {
    if (this.#state === 'active') this.handler.onInformational?.(responseHead(status, headers, false));
  }

  onBody(chunk: Buffer): void {
    if (this.#state !== 'active') return;
    this.#connection!.heard(this);
    this.handler.onBody(chunk);
  }

  onEnd(trailers: Headers | undefined): void {
    if (this.#state !== 'active') return;
    const { stats, clock } = this.#context;
    if (this.#requestEnded) stats.rqTime.record(Math.round(clock.monotonic() - this.#requestEndedAt));
    this.#finish(this.#requestEnded ? undefined : 'NO_ERROR');
    this.handler.onEnd(this.#passesTrailers ? trailers : undefined);
  }

  onReset(code: Http2ErrorCode, byPeer: boolean): void {
    if (this.#state !== 'active') return;
    this.#stream = undefined;
    if (code === 'REFUSED_STREAM') return this.fail('refused', 'the peer refused the stream');
    const lost = this.#connection!.lossOf(code);
    if (lost) return this.fail(lost.reason, lost.detail);
    if (byPeer) this.#context.stats.rqRxReset.increment();
    this.fail(byPeer ? 'reset' : 'protocol-error', `the stream was reset: ${code}`);
  }

  onDrain(): void {
    if (this.#state === 'active') this.handler.onDrain();
  }

  #begin(connection: Http2Carrier): void {
    this.handler.onConnected(connection.tls, connection.localAddress, connection.facts);
    if (this.#state !== 'active') return;
    if (this.#switches && this.#request!.method !== 'CONNECT' && connection.takesSwitches === false) {
      return process.nextTick(refuseLater, this, 'the HTTP/2 upstream takes no upgrades');
    }
    this.#stream = connection.request(this, this.#request!);
    if (!this.#stream) return process.nextTick(refuseStream, this);
    const early = this.#early;
    this.#early = [];
    let room = true;
    for (const chunk of early) room = this.#stream.sendBody(chunk, false);
    if (this.#requestEnded) this.#endRequest(this.#stream);
    else if (early.length > 0 && room) this.handler.onDrain();
  }

  #endRequest(stream: Http2Stream): void {
    this.#requestEndedAt = this.#context.clock.monotonic();
    if (this.#endsWithHead) return;
    if (this.#passesTrailers && this.#trailers && this.#trailers.size > 0) stream.sendTrailers(this.#trailers);
    else stream.sendBody(NOTHING, true);
  }

  /** A request of HTTP/1.1 that goes as a stream follows the rules of HTTP/1.1. */
  get #passesTrailers(): boolean {
    return !this.multiplexed || this.#context.settings.http1.trailers;
  }

  #giveUp(reason: ResetReason, detail: string): void {
    this.#leave();
    this.handler.onReset(reason, detail);
  }

  /** Over, before the response was complete. */
  #leave(): void {
    if (this.#state === 'active') return this.#finish('CANCEL');
    this.#state = 'done';
    this.#owner.cancel(this);
  }

  /** `code`: for a stream whose request has not ended. */
  #finish(code: Http2ErrorCode | undefined): void {
    this.#state = 'done';
    if (code !== undefined && this.#stream?.open) {
      this.#context.stats.rqTxReset.increment();
      this.#stream.reset(code);
    }
    this.#stream?.resumeReading();
    this.#owner.finished();
    this.#connection!.finished();
  }
}

function refuseLater(exchange: Http2Exchange, detail: string): void {
  exchange.refuse('protocol-error', detail);
}

function refuseStream(exchange: Http2Exchange): void {
  exchange.refuse('refused', 'the connection takes no more streams');
}
