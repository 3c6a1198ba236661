// Runs the filters of a chain for one request: its head and body forward, its response backward, and what waits in between.
import type { Headers } from '@meltemi/wire';
import type { RouteFilterConfigs } from '@meltemi/decide';
import type { ChainedFilter } from '../http-filters.ts';
import { WAITING_LIMIT } from '../request-body.ts';
import type { FilteredResponse, FilteredStream, StreamFilter } from './http-filter.ts';

/** The stream that the filters work for. */
export interface FilteringStream extends FilteredStream {
  /** False: it was answered, or is over. */
  readonly active: boolean;
  /** All filters let the request's head pass. */
  onFiltered(): void;
  onFilteredBody(chunk: Buffer): void;
  onFilteredEnd(trailers: Headers | undefined): void;
  onFilteredResponseBody(chunk: Buffer): void;
  /** A filter threw: the stream is to end, unless it is over. */
  onFilterFailure(failure: unknown): void;
}

/**
 * One a stream object, for one request after the other. What a filter throws for the request, or when it is over, fails the
 * stream; what it throws when it is opened or for the response goes to the caller, who knows what is out already.
 */
export class RequestFilters {
  readonly #stream: FilteringStream;
  readonly #opened: StreamFilter[] = [];
  /** The filter that gets the head next; those before it see the body. */
  #next = 0;
  #waiting = false;
  #held: Buffer[] = [];
  #heldSize = 0;
  #endHeld = false;
  #trailers: Headers | undefined;

  constructor(stream: FilteringStream) {
    this.#stream = stream;
  }

  /** `configs`: what the request's route says to filters. */
  open(chain: readonly ChainedFilter[], configs: RouteFilterConfigs): void {
    for (const { filter, disabled } of chain) {
      const ofRoute = configs.size > 0 ? configs.get(filter.name)?.[0] : undefined;
      if (ofRoute ? ofRoute.disabled : disabled) continue;
      const opened = filter.open(this.#stream);
      if (opened) this.#opened.push(opened);
    }
  }

  /** Gives the head to the filters, as far as they let it. */
  run(): void {
    try {
      this.#run();
    } catch (failure) {
      this.#stream.onFilterFailure(failure);
    }
  }

  #run(): void {
    while (this.#next < this.#opened.length) {
      const filter = this.#opened[this.#next++]!;
      const step = filter.onRequest?.(this.#stream) ?? 'next';
      if (step === 'answered' || !this.#stream.active) return;
      if (step === 'wait') {
        this.#waiting = true;
        return;
      }
    }
    this.#stream.onFiltered();
  }

  /** `kept`: bytes of the body that `from` kept, for the filters after it. */
  resume(from: StreamFilter, kept: Buffer | undefined): void {
    const position = this.#next;
    if (!this.#waiting || this.#opened[position - 1] !== from) return;
    this.#waiting = false;
    this.run();
    if (kept) this.requestBody(kept, position);
    this.#release(position);
  }

  requestBody(chunk: Buffer, from = 0): void {
    try {
      this.#requestBody(chunk, from);
    } catch (failure) {
      this.#stream.onFilterFailure(failure);
    }
  }

  #requestBody(chunk: Buffer, from: number): void {
    let rest: Buffer | undefined = chunk;
    for (let index = from; index < this.#reached && this.#stream.active; index++) {
      const filter: StreamFilter = this.#opened[index]!;
      if (filter.onRequestBody) rest = filter.onRequestBody(rest, this.#stream);
      if (!rest) return;
    }
    if (!this.#stream.active) return;
    if (this.#waiting) this.#hold(rest);
    else this.#stream.onFilteredBody(rest);
  }

  requestEnd(trailers: Headers | undefined, from = 0): void {
    try {
      this.#requestEnd(trailers, from);
    } catch (failure) {
      this.#stream.onFilterFailure(failure);
    }
  }

  #requestEnd(trailers: Headers | undefined, from: number): void {
    for (let index = from; index < this.#reached && this.#stream.active; index++)
      this.#opened[index]!.onRequestEnd?.(trailers, this.#stream);
    if (!this.#stream.active) return;
    if (!this.#waiting) return this.#stream.onFilteredEnd(trailers);
    this.#endHeld = true;
    this.#trailers = trailers;
  }

  response(response: FilteredResponse): void {
    for (let index = this.#opened.length - 1; index >= 0; index--)
      this.#opened[index]!.onResponse?.(response, this.#stream);
  }

  responseBody(chunk: Buffer, from = this.#opened.length - 1): void {
    let rest: Buffer | undefined = chunk;
    for (let index = from; index >= 0; index--) {
      const filter: StreamFilter = this.#opened[index]!;
      if (filter.onResponseBody) rest = filter.onResponseBody(rest, this.#stream);
      if (!rest) return;
    }
    this.#stream.onFilteredResponseBody(rest);
  }

  /** The trailers that go to the client; or a filter holds the end. */
  responseEnd(trailers: Headers | undefined, from = this.#opened.length - 1): Headers | undefined | 'held' {
    let rest = trailers;
    for (let index = from; index >= 0; index--) {
      const filter: StreamFilter = this.#opened[index]!;
      const next = filter.onResponseEnd ? filter.onResponseEnd(rest, this.#stream) : rest;
      if (next === 'held') return next;
      rest = next;
    }
    return rest;
  }

  /** The filter that held the end lets it go on. */
  resumeResponseEnd(from: StreamFilter, trailers: Headers | undefined): Headers | undefined | 'held' {
    return this.responseEnd(trailers, this.#opened.indexOf(from) - 1);
  }

  sendRequestBody(from: StreamFilter, chunk: Buffer): void {
    this.requestBody(chunk, this.#opened.indexOf(from) + 1);
  }

  sendResponseBody(from: StreamFilter, chunk: Buffer): void {
    this.responseBody(chunk, this.#opened.indexOf(from) - 1);
  }

  /** The request is over. */
  finish(): void {
    for (const filter of this.#opened) this.#finish(filter);
    this.#opened.length = 0;
    this.#next = 0;
    this.#waiting = false;
    this.#endHeld = false;
    this.#trailers = undefined;
    if (this.#heldSize > 0) this.#held = [];
    this.#heldSize = 0;
  }

  /** The others hear of it all the same. */
  #finish(filter: StreamFilter): void {
    try {
      filter.onFinish?.(this.#stream);
    } catch (failure) {
      this.#stream.onFilterFailure(failure);
    }
  }

  /** How many filters have the head. */
  get #reached(): number {
    return this.#waiting ? this.#next : this.#opened.length;
  }

  #hold(chunk: Buffer): void {
    this.#held.push(Buffer.from(chunk));
    this.#heldSize += chunk.length;
    if (this.#heldSize > WAITING_LIMIT) this.#stream.pauseRequest();
  }

  /** What was held goes on after the filter that held it up, which is the one before `position`. */
  #release(position: number): void {
    const held = this.#held;
    this.#held = [];
    if (this.#heldSize > WAITING_LIMIT) this.#stream.unpauseRequest();
    this.#heldSize = 0;
    for (const chunk of held) this.requestBody(chunk, position);
    if (!this.#endHeld) return;
    this.#endHeld = false;
    this.requestEnd(this.#trailers, position);
  }
}
