// Sends the body of a request to the try that is on and to the mirrors, and keeps what another try may need.
import type { Headers } from '@meltemi/wire';
import type { UpstreamExchange } from '../cluster/cluster.ts';
import type { MirroredRequest } from './mirror.ts';
import type { RequestBody } from './request-body.ts';

/** Where the body comes from. */
export interface BodySource {
  pauseRequest(): void;
  resumeRequest(): void;
}

/** One a connection, for one request after the other. */
export class RequestSender {
  readonly #body: RequestBody;
  readonly #source: BodySource;
  #mirrors: readonly MirroredRequest[] = [];

  constructor(body: RequestBody, source: BodySource) {
    this.#body = body;
    this.#source = source;
  }

  start(mirrors: readonly MirroredRequest[]): void {
    this.#mirrors = mirrors;
  }

  /** A chunk came; where no try is on it is kept for the next. */
  send(chunk: Buffer, exchange: UpstreamExchange | undefined): void {
    for (const mirror of this.#mirrors) mirror.sendBody(chunk);
    if (!exchange) return this.#keepForTry(chunk);
    if (this.#body.replayable) this.#keepForReplay(chunk);
    if (!exchange.sendBody(chunk)) this.#source.pauseRequest();
  }

  end(trailers: Headers | undefined, exchange: UpstreamExchange | undefined): void {
    this.#body.end(trailers);
    for (const mirror of this.#mirrors) mirror.end(trailers);
    exchange?.end(trailers);
  }

  /** A try begins: it gets what came so far. `keep`: there may be another. True: the request is whole. */
  sendKept(exchange: UpstreamExchange, keep: boolean): boolean {
    let ready = true;
    for (const chunk of this.#body.chunks) ready = exchange.sendBody(chunk) && ready;
    if (!keep || this.#body.full) this.#body.forget();
    if (this.#body.ended) exchange.end(this.#body.trailers);
    else if (ready) this.#source.resumeRequest();
    return this.#body.ended;
  }

  /** Nothing more is sent. */
  over(): void {
    if (!this.#body.ended) for (const mirror of this.#mirrors) mirror.cancel();
    this.#mirrors = [];
  }

  #keepForTry(chunk: Buffer): void {
    this.#body.keep(chunk);
    if (this.#body.full) this.#source.pauseRequest();
  }

  #keepForReplay(chunk: Buffer): void {
    this.#body.keep(chunk);
    if (this.#body.full) this.#body.forget();
  }
}
