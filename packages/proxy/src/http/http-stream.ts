// Serves one request: target → normal form → headers → filters → decision → answer, through the filters again; then counters and the log line.
import {
  type Decision,
  decide,
  type HeaderChange,
  type InternalRedirect,
  type RouteDecision,
  type RouteFilterConfig,
  NO_FILTER_CONFIGS,
} from '@meltemi/decide';
import type { SocketAddress } from '@meltemi/base';
import type { Headers, ProxyEnds, RequestHead, ResponseHead } from '@meltemi/wire';
import type { Cluster, OfferedProtocols } from '../cluster/cluster.ts';
import { admitRequest, type NormalRedirect } from './admit-request.ts';
import type { FilteredResponse, StreamFilter } from './filter/http-filter.ts';
import { type FilteringStream, RequestFilters } from './filter/request-filters.ts';
import { forwardingOf } from './forwarding.ts';
import { StreamLogs } from '../accesslog/stream-logs.ts';
import type { RequestSpan } from '../tracing/request-tracer.ts';
import type { HostBinding } from './host-binding.ts';
import type { HttpSite } from './http-site.ts';
import { countAnswered } from './http-stats.ts';
import { InternalRedirects } from './internal-redirects.ts';
import { INTERNAL_ERROR, type LocalReply, NOT_FOUND } from './local-reply.ts';
import { directAnswer, localAnswer, type OwnAnswer, preflightAnswer, redirectAnswer } from './own-answer.ts';
import type { RoutedStream } from './routed-stream.ts';
import { Router } from './router.ts';
import { StreamEntry } from './stream-entry.ts';
import type { StreamOwner } from './stream-owner.ts';
import { type AnsweredRequest, StreamResponse } from './stream-response.ts';

const NO_ROUTES: Decision = { kind: 'not-found', reason: 'no virtual host' };
const NO_CHANGES: readonly HeaderChange[] = [];
const NO_CONFIGS: readonly RouteFilterConfig[] = [];

/** One a connection, used for one request after the other. Every `now` is the clock's monotonic milliseconds. */
export class HttpStream implements RoutedStream, FilteringStream, AnsweredRequest {
  readonly entry: StreamEntry;
  readonly #connection: StreamOwner;
  readonly #site: HttpSite;
  readonly #router: Router;
  readonly #filters: RequestFilters;
  readonly #response: StreamResponse;
  readonly #logs: StreamLogs;
  readonly #redirects = new InternalRedirects();
  #decision: Decision | undefined;
  #head: RequestHead | undefined;
  #span: RequestSpan | undefined;
  requestEnded = true;
  requestEndedMs = 0;
  requestBodyLength = 0;
  offered: OfferedProtocols | undefined;
  hostBinding: HostBinding | undefined;

  constructor(connection: StreamOwner) {
    this.#connection = connection;
    this.#site = connection.site;
    this.entry = new StreamEntry(connection.entry);
    this.#router = new Router(this, connection, connection.site);
    this.#filters = new RequestFilters(this);
    this.#response = new StreamResponse(connection, this, this.entry);
    this.#logs = new StreamLogs(connection.site, this.entry);
  }

  get active(): boolean {
    return !this.#response.ended;
  }

  get answeredHead(): RequestHead | undefined {
    return this.#head;
  }

  get head(): RequestHead {
    return this.#head!;
  }

  get http2(): boolean {
    return this.#connection.entry.http2 === true;
  }

  get clientEnds(): ProxyEnds {
    const { remote, local } = this.#connection.entry;
    return { source: remote, destination: local };
  }

  get originalDestination(): SocketAddress | undefined {
    return this.#connection.entry.originalDestination;
  }

  get responseBegan(): boolean {
    return this.#response.began;
  }

  get attempts(): number {
    return this.#router.attempts;
  }

  /** 0: none. */
  get idleTimeoutMs(): number {
    const own = this.#decision?.kind === 'route' ? this.#decision.idleTimeoutMs : undefined;
    return own ?? this.#site.settings.timeouts.streamIdleMs;
  }

  start(head: RequestHead, now: number): void {
    this.#begin(head, now);
    const refusal = admitRequest(head, this.entry, this.#connection);
    if (refusal) return this.#refuse(refusal);
    this.#response.continueBody(head);
    this.#trace();
    try {
      this.#openFilters();
    } catch (failure) {
      return this.#unsendable(failure);
    }
    this.#logs.begin();
    this.#filters.run();
  }

  /** The connection can't go on with the request, or could not even read it: answers as far as that is possible. */
  fail(reply: LocalReply): void {
    if (!this.active) this.#begin(undefined, this.#site.clock.monotonic());
    if (this.#response.began) return this.onCutShort(reply.flag, reply.details);
    this.onLocalReply(reply);
  }

  requestBody(chunk: Buffer): void {
    if (!this.active) return;
    this.entry.bytesReceived += chunk.length;
    this.#filters.requestBody(chunk);
  }

  requestEnd(trailers: Headers | undefined): void {
    this.requestEnded = true;
    if (!this.active) return;
    this.requestEndedMs = this.#site.clock.monotonic();
    this.entry.requestDurationMs = this.requestEndedMs - this.entry.startedMs;
    this.#filters.requestEnd(trailers);
  }

  /** The client's connection is gone. */
  clientGone(): void {
    if (!this.active) return;
    this.#site.stats.rqRxReset.increment();
    this.entry.addFlag('DC');
    this.entry.responseCodeDetails = 'downstream_remote_disconnect';
    this.#router.cancel();
    this.#finish();
  }

  drained(): void {
    this.#router.resumeResponse();
  }

  close(): void {
    this.#logs.close();
    this.#router.close();
  }

  /** Decided at the first call, by the request as it is then. */
  decision(): Decision {
    if (this.#decision) return this.#decision;
    const { routes, dice } = this.#site;
    const decision = routes.table ? decide(routes.table, this.entry, dice) : NO_ROUTES;
    this.#decision = decision;
    if (decision.kind !== 'not-found') this.entry.routeName = decision.route.name;
    return decision;
  }

  cluster(): Cluster | undefined {
    const decision = this.decision();
    return decision.kind === 'route' ? this.#site.clusters.get(decision.cluster) : undefined;
  }

  awaitRoute(done: () => void): { cancel(): void } | undefined {
    return this.#site.routes.askHost?.(this.entry.authority, done);
  }

  clearDecision(): void {
    this.#decision = undefined;
  }

  routeConfigs(name: string): readonly RouteFilterConfig[] {
    const decision = this.decision();
    return decision.kind === 'not-found' ? NO_CONFIGS : (decision.filterConfigs.get(name) ?? NO_CONFIGS);
  }

  answer(answer: OwnAnswer): void {
    if (!this.active || this.#response.began) return;
    this.#router.noteOn(this.entry);
    this.#router.cancel();
    this.#answer(answer, this.#routeChanges());
  }

  bindHost(binding: HostBinding): void {
    this.hostBinding = binding;
  }

  resumeRequest(from: StreamFilter, kept?: Buffer): void {
    this.#filters.resume(from, kept);
  }

  sendRequestBody(from: StreamFilter, chunk: Buffer): void {
    this.#filters.sendRequestBody(from, chunk);
  }

  sendResponseBody(from: StreamFilter, chunk: Buffer): void {
    try {
      this.#filters.sendResponseBody(from, chunk);
    } catch (failure) {
      this.#unsendable(failure);
    }
  }

  endResponse(from: StreamFilter, trailers: Headers | undefined): void {
    try {
      if (this.active) this.#endResponse(this.#filters.resumeResponseEnd(from, trailers));
    } catch (failure) {
      this.#unsendable(failure);
    }
  }

  pauseResponse(): void {
    this.#router.pauseResponse();
  }

  unpauseResponse(): void {
    this.#router.resumeResponse();
  }

  pauseRequest(): void {
    this.#connection.pauseRequest();
  }

  unpauseRequest(): void {
    this.#connection.resumeRequest();
  }

  onFiltered(): void {
    this.#act(this.decision());
  }

  onFilteredBody(chunk: Buffer): void {
    this.#router.sendBody(chunk);
  }

  onFilteredEnd(trailers: Headers | undefined): void {
    this.entry.requestSentMs = this.requestEndedMs - this.entry.startedMs;
    this.#router.end(trailers, this.requestEndedMs);
  }

  onFilteredResponseBody(chunk: Buffer): void {
    if (!this.#response.body(chunk)) this.#router.pauseResponse();
  }

  onFilterFailure(failure: unknown): void {
    this.#unsendable(failure);
  }

  onRetriesExhausted(): void {
    this.entry.addFlag('URX');
  }

  onUpstreamInformational(head: ResponseHead): void {
    this.#response.informational(head);
  }

  onUpstreamHead(head: ResponseHead): void {
    this.#router.noteOn(this.entry);
    try {
      const now = this.#site.clock.monotonic();
      this.#response.prepare(head, this.#decision as RouteDecision, now);
      this.#span?.answer(head.headers);
      if (head.upgrade) this.#logs.tunnel();
      this.#response.fromUpstream(this.#filtered(head), now);
    } catch (failure) {
      this.#unsendable(failure);
    }
  }

  onUpstreamRedirect(head: ResponseHead, policy: InternalRedirect): boolean {
    const before = this.#decision as RouteDecision;
    const { settings } = this.#site;
    const request = { head: this.head, entry: this.entry, settings, decide: () => this.#decideAnew() };
    if (this.#redirects.follow(head, policy, before.route.name, request)) return true;
    this.#decision = before;
    this.entry.routeName = before.route.name;
    return false;
  }

  /** The filters judge the new request like any other. */
  onRedirected(chunks: readonly Buffer[], trailers: Headers | undefined): void {
    const bodyless = this.entry.method === 'GET' && chunks.length > 0;
    if (bodyless) this.requestBodyLength = 0;
    this.#filters.finish();
    try {
      this.#openFilters();
    } catch (failure) {
      return this.#unsendable(failure);
    }
    this.#filters.run();
    if (!bodyless) for (const chunk of chunks) if (this.active) this.#filters.requestBody(chunk);
    if (this.active) this.#filters.requestEnd(trailers);
  }

  onUpstreamBody(chunk: Buffer): void {
    try {
      this.#filters.responseBody(chunk);
    } catch (failure) {
      this.#unsendable(failure);
    }
  }

  onUpstreamPause(): void {
    this.#connection.touch(this.#site.clock.monotonic());
    this.#connection.writer.flush();
  }

  onUpstreamEnd(trailers: Headers | undefined): void {
    this.entry.upstreamEnded = true;
    try {
      this.#endResponse(this.#filters.responseEnd(trailers));
    } catch (failure) {
      this.#unsendable(failure);
    }
  }

  /** The client must see that the response is not whole. */
  onCutShort(flag: string, details: string): void {
    this.entry.addFlag(flag);
    this.entry.responseCodeDetails = details;
    this.#router.cancel();
    this.#response.cutShort();
    this.#finish();
  }

  onLocalReply(reply: LocalReply): void {
    this.#router.noteOn(this.entry);
    this.#router.cancel();
    const answer = localAnswer(reply);
    const { attempts } = this;
    if (attempts > 0 && (this.#decision as RouteDecision).includeAttemptCountInResponse) {
      answer.headers.set('x-envoy-attempt-count', String(attempts));
    }
    this.#answer(answer, this.#routeChanges());
  }

  #begin(head: RequestHead | undefined, now: number): void {
    const { stats, clock } = this.#site;
    stats.rqTotal.increment();
    (this.#connection.entry.http2 ? stats.rqHttp2 : stats.rqHttp1).increment();
    stats.rqActive.increment();
    this.#head = head;
    this.requestBodyLength = head?.bodyLength ?? 0;
    this.offered = undefined;
    this.hostBinding = undefined;
    this.requestEnded = head === undefined;
    this.#decision = undefined;
    this.#response.reset();
    this.#redirects.reset();
    this.#router.reset();
    this.#span = undefined;
    this.entry.begin(head, clock.now(), now);
  }

  /** The route has a word in whether and how the request is traced. */
  #trace(): void {
    const { tracer } = this.#site;
    if (!tracer) return;
    const decision = this.decision();
    this.#span = tracer.begin(this.entry, decision.kind === 'not-found' ? undefined : decision.route);
  }

  #openFilters(): void {
    const { chain } = this.#site.filters;
    if (chain.length === 0) return;
    const decision = this.decision();
    this.#filters.open(chain, decision.kind === 'not-found' ? NO_FILTER_CONFIGS : decision.filterConfigs);
  }

  #decideAnew(): Decision {
    this.#decision = undefined;
    return this.decision();
  }

  #refuse(refusal: LocalReply | NormalRedirect): void {
    if ('location' in refusal) this.#answer(redirectAnswer(refusal.status, refusal.location), NO_CHANGES);
    else this.onLocalReply(refusal);
  }

  #act(decision: Decision): void {
    const { stats } = this.#site;
    switch (decision.kind) {
      case 'route':
        return this.#forward(decision);
      case 'redirect':
        stats.redirect.increment();
        return this.#answer(redirectAnswer(decision.status, decision.location), decision.responseHeaders);
      case 'direct':
        stats.direct.increment();
        return this.#answer(directAnswer(decision.status, decision.body), decision.responseHeaders);
      case 'cors-preflight':
        return this.#answer(preflightAnswer(decision.status), NO_CHANGES);
      case 'not-found':
        stats.noRoute.increment();
        return this.onLocalReply(NOT_FOUND);
    }
  }

  #forward(decision: RouteDecision): void {
    this.#span?.forward(this.head.headers, decision.cluster, this.#site.clock.monotonic());
    const forwarding = forwardingOf(decision, this.#outgoingHead(), this.entry, this.#site);
    if ('status' in forwarding) this.onLocalReply(forwarding);
    else this.#router.route(forwarding);
  }

  #outgoingHead(): RequestHead {
    const { head, requestBodyLength: bodyLength } = this;
    return bodyLength === head.bodyLength ? head : { ...head, bodyLength };
  }

  #answer(answer: OwnAnswer, changes: readonly HeaderChange[]): void {
    try {
      this.#sendOwn(answer, changes);
    } catch (failure) {
      return this.#unsendable(failure);
    }
    this.#finish();
  }

  /** A filter threw, or a header value that a route computed can't be sent: this stream fails, no other. */
  #unsendable(failure: unknown): void {
    this.#site.logger.error(`response failed: ${failure instanceof Error ? failure.message : String(failure)}`);
    if (!this.active) return;
    if (this.#response.began) return this.onCutShort('', INTERNAL_ERROR.details);
    this.#router.cancel();
    this.#response.own(localAnswer(INTERNAL_ERROR), this.#site.clock.monotonic());
    this.#response.end(undefined);
    this.#finish();
  }

  #endResponse(trailers: Headers | undefined | 'held'): void {
    if (trailers === 'held') return;
    this.entry.responseTrailers = trailers;
    this.#response.end(trailers);
    this.#finish();
  }

  #sendOwn(given: OwnAnswer, changes: readonly HeaderChange[]): void {
    const answer = this.#response.prepareOwn(given, changes);
    const { status, headers, body } = answer;
    const response: FilteredResponse = { status, headers, bodyLength: body.length, fromUpstream: false, body };
    this.#span?.answer(headers);
    this.#filters.response(response);
    const sendsBody = this.#response.own(
      { ...answer, status: response.status, bodyLength: response.bodyLength },
      this.#site.clock.monotonic(),
    );
    if (sendsBody && body !== '') this.#filters.responseBody(Buffer.from(body, 'latin1'));
    const trailers = this.#filters.responseEnd(undefined);
    this.#response.end(trailers === 'held' ? undefined : trailers);
  }

  /** The head as the filters leave it. */
  #filtered(head: ResponseHead): ResponseHead {
    if (this.#site.filters.chain.length === 0) return head;
    const { status, headers, bodyLength } = head;
    const response: FilteredResponse = { status, headers, bodyLength, fromUpstream: true };
    this.#filters.response(response);
    if (response.status === status && response.bodyLength === bodyLength) return head;
    return { ...head, status: response.status, bodyLength: response.bodyLength };
  }

  /** As Envoy: what a forwarding route does to responses it does to ours; a redirect's or direct answer's route only to its own. */
  #routeChanges(): readonly HeaderChange[] {
    const { kind } = this.#decision ?? NO_ROUTES;
    return kind === 'route' || kind === 'cors-preflight'
      ? (this.#decision as RouteDecision).responseHeaders
      : NO_CHANGES;
  }

  #finish(): void {
    if (!this.active) return;
    const now = this.#site.clock.monotonic();
    this.#response.ended = true;
    this.#router.finish();
    this.entry.durationMs = now - this.entry.startedMs;
    countAnswered(this.#site.stats, this.entry);
    this.#filters.finish();
    this.#span?.finish();
    this.#span = undefined;
    this.#logs.finish();
    this.#connection.streamEnded(now);
  }
}
