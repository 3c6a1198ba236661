// The request of a stream as filters see and change it, on its way to the router.
import type { Decision, InternalRedirect, RouteFilterConfig } from '@meltemi/decide';
import type { Headers, RequestHead, ResponseHead } from '@meltemi/wire';
import type { Cluster, OfferedProtocols } from '../cluster/cluster.ts';
import type { RequestSpan } from '../tracing/request-tracer.ts';
import type { StreamFilter } from './filter/http-filter.ts';
import { type FilteringStream, RequestFilters } from './filter/request-filters.ts';
import type { HostBinding } from './host-binding.ts';
import { InternalRedirects } from './internal-redirects.ts';
import type { OwnAnswer } from './own-answer.ts';
import { RouteChoice } from './route-choice.ts';
import type { Router } from './router.ts';
import type { StreamEntry } from './stream-entry.ts';
import type { StreamOwner } from './stream-owner.ts';
import type { AnsweredRequest } from './stream-response.ts';

/** Where the request goes, and how it is answered. */
export interface RequestOwner {
  readonly active: boolean;
  readonly router: Router;
  onFiltered(): void;
  onFilterFailure(failure: unknown): void;
  onFilteredResponseBody(chunk: Buffer): void;
  answer(answer: OwnAnswer): void;
  sendResponseBody(from: StreamFilter, chunk: Buffer): void;
  endResponse(from: StreamFilter, trailers: Headers | undefined): void;
}

/** One a connection, for one request after the other. */
export class StreamRequest implements FilteringStream, AnsweredRequest {
  readonly entry: StreamEntry;
  readonly choice: RouteChoice;
  readonly filters: RequestFilters;
  readonly #owner: RequestOwner;
  readonly #connection: StreamOwner;
  readonly #redirects = new InternalRedirects();
  answeredHead: RequestHead | undefined;
  ended = true;
  endedMs = 0;
  requestBodyLength = 0;
  offered: OfferedProtocols | undefined;
  hostBinding: HostBinding | undefined;
  span: RequestSpan | undefined;

  constructor(owner: RequestOwner, connection: StreamOwner, entry: StreamEntry) {
    this.entry = entry;
    this.choice = new RouteChoice(connection.site, entry);
    this.filters = new RequestFilters(this);
    this.#owner = owner;
    this.#connection = connection;
  }

  get head(): RequestHead {
    return this.answeredHead!;
  }

  get active(): boolean {
    return this.#owner.active;
  }

  /** The head as the router gets it. */
  get outgoingHead(): RequestHead {
    const { head, requestBodyLength: bodyLength } = this;
    return bodyLength === head.bodyLength ? head : { ...head, bodyLength };
  }

  begin(head: RequestHead | undefined): void {
    this.answeredHead = head;
    this.requestBodyLength = head?.bodyLength ?? 0;
    this.offered = undefined;
    this.hostBinding = undefined;
    this.ended = head === undefined;
    this.choice.clear();
    this.#redirects.reset();
    this.span = undefined;
  }

  /** The route has a word in whether and how the request is traced. */
  trace(): void {
    const { tracer } = this.#connection.site;
    if (tracer) this.span = tracer.begin(this.entry, this.choice.route());
  }

  /** Throws what a filter throws. */
  openFilters(): void {
    const { chain } = this.#connection.site.filters;
    if (chain.length > 0) this.filters.open(chain, this.choice.filterConfigs());
  }

  /** `now`: monotonic milliseconds. */
  end(trailers: Headers | undefined, now: number): void {
    this.endedMs = now;
    this.entry.requestDurationMs = now - this.entry.startedMs;
    this.filters.requestEnd(trailers);
  }

  /** True: it is now the request that the redirect asks for. */
  redirect(head: ResponseHead, policy: InternalRedirect): boolean {
    const { choice, entry } = this;
    const before = choice.forwarding;
    const decide = () => {
      choice.clear();
      return choice.decision();
    };
    const request = { head: this.head, entry, settings: this.#connection.site.settings, decide };
    if (this.#redirects.follow(head, policy, before.route.name, request)) return true;
    choice.restore(before);
    return false;
  }

  /** The filters judge a redirected request like any other. */
  again(chunks: readonly Buffer[], trailers: Headers | undefined): void {
    const bodyless = this.entry.method === 'GET' && chunks.length > 0;
    if (bodyless) this.requestBodyLength = 0;
    this.filters.finish();
    try {
      this.openFilters();
    } catch (failure) {
      return this.onFilterFailure(failure);
    }
    this.filters.run();
    if (!bodyless) for (const chunk of chunks) if (this.active) this.filters.requestBody(chunk);
    if (this.active) this.filters.requestEnd(trailers);
  }

  decision(): Decision {
    return this.choice.decision();
  }

  cluster(): Cluster | undefined {
    return this.choice.cluster();
  }

  clearDecision(): void {
    this.choice.clear();
  }

  awaitRoute(done: () => void): { cancel(): void } | undefined {
    return this.#connection.site.routes.askHost?.(this.entry.authority, done);
  }

  routeConfigs(name: string): readonly RouteFilterConfig[] {
    return this.choice.filterConfigsOf(name);
  }

  answer(answer: OwnAnswer): void {
    this.#owner.answer(answer);
  }

  bindHost(binding: HostBinding): void {
    this.hostBinding = binding;
  }

  resumeRequest(from: StreamFilter, kept?: Buffer): void {
    this.filters.resume(from, kept);
  }

  sendRequestBody(from: StreamFilter, chunk: Buffer): void {
    this.filters.sendRequestBody(from, chunk);
  }

  sendResponseBody(from: StreamFilter, chunk: Buffer): void {
    this.#owner.sendResponseBody(from, chunk);
  }

  endResponse(from: StreamFilter, trailers: Headers | undefined): void {
    this.#owner.endResponse(from, trailers);
  }

  pauseResponse(): void {
    this.#owner.router.pauseResponse();
  }

  unpauseResponse(): void {
    this.#owner.router.resumeResponse();
  }

  pauseRequest(): void {
    this.#connection.pauseRequest();
  }

  unpauseRequest(): void {
    this.#connection.resumeRequest();
  }

  onFiltered(): void {
    this.#owner.onFiltered();
  }

  onFilteredBody(chunk: Buffer): void {
    this.#owner.router.sendBody(chunk);
  }

  onFilteredEnd(trailers: Headers | undefined): void {
    this.entry.requestSentMs = this.endedMs - this.entry.startedMs;
    this.#owner.router.end(trailers, this.endedMs);
  }

  onFilteredResponseBody(chunk: Buffer): void {
    this.#owner.onFilteredResponseBody(chunk);
  }

  onFilterFailure(failure: unknown): void {
    this.#owner.onFilterFailure(failure);
  }
}
