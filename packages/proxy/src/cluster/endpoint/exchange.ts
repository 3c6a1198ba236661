// One request on its way through a connection: waits for one, writes the request, passes the response on, ends once.
import type { SocketAddress } from '@meltemi/base';
import {
  CHUNKED,
  chunkHead,
  encodeTrailers,
  type Headers,
  LAST_CHUNK,
  type ResponseHead,
  type TlsInfo,
} from '@meltemi/wire';
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
import type { PoolContext } from './pool-context.ts';
import { requestHead } from './request-framing.ts';

/** The connection under an exchange. */
export interface Carrier {
  readonly tls: TlsInfo | undefined;
  readonly localAddress: SocketAddress;
  readonly facts: ConnectionFacts;
  /** Announces the response and writes the head; `more`: hold it back for this turn, a body follows. */
  begin(method: string, upgrade: boolean, head: string, more: boolean): void;
  /** False: the exchange's `drained` follows. */
  write(data: Buffer | string): boolean;
  /** A part of a chunked body, in one write. */
  writeChunk(head: string, chunk: Buffer): boolean;
  /** Closes the sending side: the end of a tunnel. */
  endWriting(): void;
  /** The exchange gives up: the connection is of no further use. */
  abort(): void;
  pauseReading(): void;
  resumeReading(): void;
}

/** The pool that an exchange was opened on. */
export interface ExchangeOwner {
  /** It waits for no connection any more. */
  cancel(exchange: Exchange): void;
  /** It had a connection and is over. */
  finished(): void;
}

type State = 'waiting' | 'active' | 'done';

export class Exchange implements UpstreamExchange {
  readonly handler: UpstreamHandler;
  readonly #context: PoolContext;
  readonly #owner: ExchangeOwner;
  #state: State = 'waiting';
  #carrier: Carrier | undefined;
  #begun = false;
  #head: string | undefined;
  #method = '';
  #upgrade = false;
  #tunnel = false;
  #chunked = false;
  /** Bytes of a body with a length that are still to come. */
  #remaining = 0;
  /** Copies of body parts that came before the connection did. */
  #early: Buffer[] | undefined;
  #trailers: Headers | undefined;
  #requestEnded = false;
  #requestEndedAt = 0;
  reused = false;

  constructor(context: PoolContext, owner: ExchangeOwner, handler: UpstreamHandler) {
    this.#context = context;
    this.#owner = owner;
    this.handler = handler;
  }

  get host(): UpstreamHost {
    return this.#context.host;
  }

  /** The whole request is written: after the response the connection can serve the next one. */
  get requestEnded(): boolean {
    return this.#requestEnded;
  }

  /** The request asked to leave HTTP: whatever the answer, the connection serves no other request. */
  get upgrade(): boolean {
    return this.#upgrade;
  }

  sendHead(request: UpstreamRequest): void {
    if (this.#state === 'done' || this.#head !== undefined) return;
    this.#method = request.method;
    this.#upgrade = request.upgrade;
    this.#chunked = request.bodyLength === CHUNKED;
    this.#remaining = Math.max(0, request.bodyLength);
    try {
      this.#head = requestHead(request, this.#context.settings.http1.spelling);
    } catch (error) {
      this.#head = '';
      process.nextTick(failLater, this, (error as Error).message);
      return;
    }
    if (this.#carrier) this.#begin(this.#carrier);
  }

  sendBody(chunk: Buffer): boolean {
    if (this.#state === 'done' || chunk.length === 0) return true;
    if (!this.#tunnel && !this.#chunked && (this.#remaining -= chunk.length) < 0) {
      this.#giveUp('protocol-error', 'more body than the announced length');
      return true;
    }
    if (!this.#begun) {
      (this.#early ??= []).push(Buffer.from(chunk));
      return false;
    }
    return this.#write(this.#carrier!, Buffer.from(chunk));
  }

  end(trailers?: Headers): void {
    if (this.#state === 'done' || this.#requestEnded) return;
    // The end of a request to switch is that of its tunnel.
    if (this.#upgrade && !this.#tunnel) return;
    if (!this.#tunnel && this.#remaining > 0)
      return this.#giveUp('protocol-error', 'less body than the announced length');
    this.#requestEnded = true;
    this.#trailers = this.#context.settings.http1.trailers ? trailers : undefined;
    if (this.#begun) this.#endRequest(this.#carrier!);
  }

  reset(cause: GiveUpCause = 'cancelled'): void {
    if (this.#state === 'done') return;
    countGivenUp(this.#context, cause);
    this.#leave();
  }

  pauseReading(): void {
    if (this.#state === 'active') this.#carrier!.pauseReading();
  }

  resumeReading(): void {
    if (this.#state === 'active') this.#carrier!.resumeReading();
  }

  /** The pool found a connection. */
  attach(carrier: Carrier, reused: boolean): void {
    this.#state = 'active';
    this.#carrier = carrier;
    this.reused = reused;
    if (this.#head) this.#begin(carrier);
  }

  /** The host failed; the handler hears why, unless the exchange is over already. */
  fail(reason: ResetReason, detail: string): void {
    if (this.#state === 'done') return;
    countFailure(this.#context);
    this.#giveUp(reason, detail);
  }

  /** It can't go on, and the host is not to blame. */
  refuse(reason: 'overflow' | 'protocol-error', detail: string): void {
    if (this.#state !== 'done') this.#giveUp(reason, detail);
  }

  informational(head: ResponseHead): void {
    this.handler.onInformational?.(head);
  }

  head(head: ResponseHead): void {
    this.#tunnel = head.upgrade;
    countResponse(this.#context, head.status, head.headers);
    this.handler.onHead(head);
  }

  body(chunk: Buffer): void {
    if (this.#state === 'active') this.handler.onBody(chunk);
  }

  pause(): void {
    if (this.#state === 'active') this.handler.onPause();
  }

  drained(): void {
    if (this.#state === 'active') this.handler.onDrain();
  }

  /** The response is complete: the connection counts as free from here on. `onEnd` is the connection's to call after. Returns the clock's monotonic milliseconds. */
  settle(): number {
    const { stats, clock } = this.#context;
    const now = clock.monotonic();
    if (this.#requestEnded) stats.rqTime.record(Math.round(now - this.#requestEndedAt));
    this.#state = 'done';
    this.#owner.finished();
    return now;
  }

  #begin(carrier: Carrier): void {
    this.handler.onConnected(carrier.tls, carrier.localAddress, carrier.facts);
    if (this.#state !== 'active') return;
    const more = this.#chunked || this.#remaining > 0 || this.#early !== undefined;
    this.#begun = true;
    carrier.begin(this.#method, this.#upgrade, this.#head!, more);
    const early = this.#early;
    this.#early = undefined;
    if (early) this.#writeEarly(carrier, early);
    if (this.#requestEnded && this.#state === 'active') this.#endRequest(carrier);
  }

  #writeEarly(carrier: Carrier, early: readonly Buffer[]): void {
    let room = true;
    for (const chunk of early) room = this.#write(carrier, chunk);
    if (room && !this.#requestEnded) this.drained();
  }

  #write(carrier: Carrier, chunk: Buffer): boolean {
    return this.#chunked && !this.#tunnel ? carrier.writeChunk(chunkHead(chunk.length), chunk) : carrier.write(chunk);
  }

  #endRequest(carrier: Carrier): void {
    this.#requestEndedAt = this.#context.clock.monotonic();
    if (this.#tunnel) carrier.endWriting();
    else if (this.#chunked) carrier.write(this.#trailers ? encodeTrailers(this.#trailers) : LAST_CHUNK);
  }

  #giveUp(reason: ResetReason, detail: string): void {
    this.#leave();
    this.handler.onReset(reason, detail);
  }

  /** Over, before the response was complete. */
  #leave(): void {
    const state = this.#state;
    this.#state = 'done';
    if (state === 'waiting') return this.#owner.cancel(this);
    this.#owner.finished();
    this.#carrier!.abort();
  }
}

function failLater(exchange: Exchange, detail: string): void {
  exchange.refuse('protocol-error', detail);
}
