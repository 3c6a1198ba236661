// An exchange that waits for a connection of which it is not known what it speaks: keeps the request, then hands it to an exchange that can go on.
import type { Headers } from '@meltemi/wire';
import type {
  ResetReason,
  UpstreamExchange,
  UpstreamHandler,
  UpstreamHost,
  UpstreamRequest,
  GiveUpCause,
} from '../cluster.ts';
import { countFailure, countGivenUp } from './exchange-counts.ts';
import type { QueuedExchange } from './exchange-queue.ts';
import type { PoolContext } from './pool-context.ts';

/** The pool that an exchange was opened on. */
export interface DeferredExchangeOwner {
  /** It waits for no connection any more. */
  cancel(exchange: DeferredExchange): void;
}

export class DeferredExchange implements UpstreamExchange, QueuedExchange {
  readonly handler: UpstreamHandler;
  readonly #context: PoolContext;
  readonly #owner: DeferredExchangeOwner;
  /** Goes on with the request. */
  #carried: UpstreamExchange | undefined;
  #over = false;
  #request: UpstreamRequest | undefined;
  /** Copies of body parts. */
  #early: Buffer[] = [];
  #ended = false;
  #trailers: Headers | undefined;

  constructor(context: PoolContext, owner: DeferredExchangeOwner, handler: UpstreamHandler) {
    this.#context = context;
    this.#owner = owner;
    this.handler = handler;
  }

  get host(): UpstreamHost {
    return this.#context.host;
  }

  get reused(): boolean {
    return this.#carried?.reused ?? false;
  }

  get multiplexed(): boolean {
    return this.#carried?.multiplexed === true;
  }

  sendHead(request: UpstreamRequest): void {
    if (this.#over || this.#request) return;
    // What waits must not change under it.
    this.#request = this.#carried ? request : { ...request, headers: request.headers.clone() };
    this.#carried?.sendHead(request);
  }

  sendBody(chunk: Buffer): boolean {
    if (this.#over) return true;
    if (this.#carried) return this.#carried.sendBody(chunk);
    this.#early.push(Buffer.from(chunk));
    return false;
  }

  end(trailers?: Headers): void {
    if (this.#over) return;
    if (this.#carried) return this.#carried.end(trailers);
    this.#ended = true;
    this.#trailers = trailers;
  }

  reset(cause: GiveUpCause = 'cancelled'): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#carried) return this.#carried.reset(cause);
    countGivenUp(this.#context, cause);
    this.#owner.cancel(this);
  }

  pauseReading(): void {
    this.#carried?.pauseReading();
  }

  resumeReading(): void {
    this.#carried?.resumeReading();
  }

  /** The pool found a connection: `exchange` is on it, and hears everything from now on. */
  carryOn(exchange: UpstreamExchange): void {
    this.#carried = exchange;
    const early = this.#early;
    this.#early = [];
    if (!this.#request) return;
    exchange.sendHead(this.#request);
    let room = true;
    for (const chunk of early) room = exchange.sendBody(chunk);
    if (this.#ended) exchange.end(this.#trailers);
    else if (early.length > 0 && room && !this.#over) this.handler.onDrain();
  }

  /** The host could not be reached. */
  fail(reason: ResetReason, detail: string): void {
    if (this.#over) return;
    countFailure(this.#context);
    this.refuse(reason, detail);
  }

  /** It can't go on, and the host is not to blame. */
  refuse(reason: ResetReason, detail: string): void {
    if (this.#over) return;
    this.#over = true;
    this.handler.onReset(reason, detail);
  }
}
