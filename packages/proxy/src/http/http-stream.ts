// Serves one request: target → normal form → headers → access → decision → fault → answer; then counters and the log line.
import { type Decision, decide, type FaultAbort, type HeaderChange, type RouteDecision } from '@meltemi/decide';
import type { Headers, RequestHead, ResponseHead } from '@meltemi/wire';
import { admitRequest, type NormalRedirect } from './admit-request.ts';
import { type FaultedStream, FaultInjection } from './fault-injection.ts';
import { forwardingOf } from './forwarding.ts';
import type { HttpSite } from './http-site.ts';
import { countAnswered } from './http-stats.ts';
import { ACCESS_DENIED, FAULT_ABORT, INTERNAL_ERROR, type LocalReply, NOT_FOUND } from './local-reply.ts';
import {
  directAnswer,
  grpcAbortAnswer,
  localAnswer,
  type OwnAnswer,
  preflightAnswer,
  redirectAnswer,
} from './own-answer.ts';
import type { RoutedStream } from './routed-stream.ts';
import { Router } from './router.ts';
import { StreamEntry } from './stream-entry.ts';
import type { StreamOwner } from './stream-owner.ts';
import { type AnsweredRequest, StreamResponse } from './stream-response.ts';

const NO_ROUTES: Decision = { kind: 'not-found', reason: 'no virtual host' };
const NO_CHANGES: readonly HeaderChange[] = [];

/** One a connection, used for one request after the other. Every `now` is the clock's monotonic milliseconds. */
export class HttpStream implements RoutedStream, FaultedStream, AnsweredRequest {
  readonly entry: StreamEntry;
  readonly #connection: StreamOwner;
  readonly #site: HttpSite;
  readonly #router: Router;
  readonly #fault: FaultInjection;
  readonly #response: StreamResponse;
  #decision: Decision | undefined;
  head: RequestHead | undefined;
  requestEnded = true;
  requestEndedMs = 0;

  constructor(connection: StreamOwner) {
    this.#connection = connection;
    this.#site = connection.site;
    this.entry = new StreamEntry(connection.entry);
    this.#router = new Router(this, connection, connection.site);
    this.#fault = new FaultInjection(connection.site, this);
    this.#response = new StreamResponse(connection, this, this.entry);
  }

  get active(): boolean {
    return !this.#response.ended;
  }

  get http2(): boolean {
    return this.#connection.entry.http2 === true;
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
    const denial = this.#site.access.deny(this.entry);
    if (denial) return this.onLocalReply({ ...ACCESS_DENIED, ...denial });
    this.#response.continueBody(head);
    const { routes, dice } = this.#site;
    this.#decision = routes.table ? decide(routes.table, this.entry, dice) : NO_ROUTES;
    const fault = this.#decision.kind === 'not-found' ? undefined : this.#decision.fault;
    if (fault) this.#fault.inject(fault);
    else this.#act(this.#decision);
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
    this.#router.sendBody(chunk);
  }

  requestEnd(trailers: Headers | undefined): void {
    this.requestEnded = true;
    if (!this.active) return;
    this.requestEndedMs = this.#site.clock.monotonic();
    this.entry.requestDurationMs = this.requestEndedMs - this.entry.startedMs;
    this.#router.end(trailers, this.requestEndedMs);
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
    this.#fault.finish();
    this.#router.close();
  }

  onFaultDelay(): void {
    this.entry.addFlag('DI');
  }

  onFaultAbort({ status, grpcStatus }: FaultAbort): void {
    if (grpcStatus === undefined) this.onLocalReply({ ...FAULT_ABORT, status });
    else this.#answer(grpcAbortAnswer(status, grpcStatus), this.#routeChanges());
  }

  onFaultOver(): void {
    this.#act(this.#decision!);
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
      this.#response.fromUpstream(head, this.#decision as RouteDecision, this.#site.clock.monotonic());
    } catch (failure) {
      this.#unsendable(failure);
    }
  }

  onUpstreamBody(chunk: Buffer): void {
    if (!this.#response.body(chunk)) this.#router.pauseResponse();
  }

  onUpstreamPause(): void {
    this.#connection.touch(this.#site.clock.monotonic());
    this.#connection.writer.flush();
  }

  onUpstreamEnd(trailers: Headers | undefined): void {
    this.entry.responseTrailers = trailers;
    this.#response.end(trailers);
    this.#finish();
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
    this.#answer(localAnswer(reply), this.#routeChanges());
  }

  #begin(head: RequestHead | undefined, now: number): void {
    const { stats, clock } = this.#site;
    stats.rqTotal.increment();
    (this.#connection.entry.http2 ? stats.rqHttp2 : stats.rqHttp1).increment();
    stats.rqActive.increment();
    this.head = head;
    this.requestEnded = head === undefined;
    this.#decision = undefined;
    this.#response.reset();
    this.#router.reset();
    this.entry.begin(head, clock.now(), now);
  }

  #refuse(refusal: LocalReply | NormalRedirect): void {
    if ('location' in refusal) this.#answer(redirectAnswer(refusal.status, refusal.location), NO_CHANGES);
    else this.onLocalReply(refusal);
  }

  #act(decision: Decision): void {
    const { stats } = this.#site;
    if (decision.kind !== 'not-found') this.entry.routeName = decision.route.name;
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
        return this.#answer(preflightAnswer(decision.status), decision.responseHeaders);
      case 'not-found':
        stats.noRoute.increment();
        return this.onLocalReply(NOT_FOUND);
    }
  }

  #forward(decision: RouteDecision): void {
    const forwarding = forwardingOf(decision, this.head!, this.entry, this.#site);
    if ('status' in forwarding) this.onLocalReply(forwarding);
    else this.#router.route(forwarding);
  }

  #answer(answer: OwnAnswer, changes: readonly HeaderChange[]): void {
    try {
      this.#response.own(answer, changes, this.#site.clock.monotonic());
    } catch (failure) {
      return this.#unsendable(failure);
    }
    this.#finish();
  }

  /** A header value that a route computed can't be sent: this stream fails, no other. */
  #unsendable(failure: unknown): void {
    this.#site.logger.error(`response failed: ${(failure as Error).message}`);
    if (this.#response.began) return this.onCutShort('', INTERNAL_ERROR.details);
    this.#router.cancel();
    this.#response.own(localAnswer(INTERNAL_ERROR), NO_CHANGES, this.#site.clock.monotonic());
    this.#finish();
  }

  /** As Envoy: what a forwarding route does to responses it does to ours; a redirect's or direct answer's route only to its own. */
  #routeChanges(): readonly HeaderChange[] {
    return this.#decision?.kind === 'route' ? this.#decision.responseHeaders : NO_CHANGES;
  }

  #finish(): void {
    if (!this.active) return;
    const now = this.#site.clock.monotonic();
    this.#response.ended = true;
    this.#fault.finish();
    this.#router.finish();
    this.entry.durationMs = now - this.entry.startedMs;
    countAnswered(this.#site.stats, this.entry);
    for (const log of this.#site.accessLogs) log.log(this.entry);
    this.#connection.streamEnded(now);
  }
}
