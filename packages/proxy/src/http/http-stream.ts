// Serves one request: target → normal form → headers → filters → decision → answer, through the filters again; then counters and the log line.
import type { Decision, HeaderChange, RouteDecision } from '@meltemi/decide';
import type { Headers, RequestHead } from '@meltemi/wire';
import { StreamLogs } from '../accesslog/stream-logs.ts';
import { admitRequest, type NormalRedirect } from './admit-request.ts';
import { forwardingOf } from './forwarding.ts';
import type { HttpSite } from './http-site.ts';
import { countAnswered } from './http-stats.ts';
import { type LocalReply, NOT_FOUND } from './local-reply.ts';
import { directAnswer, preflightAnswer, redirectAnswer } from './own-answer.ts';
import type { Router } from './router.ts';
import { type AnsweredStream, StreamAnswer } from './stream-answer.ts';
import { StreamEntry } from './stream-entry.ts';
import type { StreamOwner } from './stream-owner.ts';
import type { StreamRequest } from './stream-request.ts';
import type { StreamResponse } from './stream-response.ts';

const NO_CHANGES: readonly HeaderChange[] = [];

/** One a connection, used for one request after the other. Every `now` is the clock's monotonic milliseconds. */
export class HttpStream implements AnsweredStream {
  readonly entry: StreamEntry;
  readonly #connection: StreamOwner;
  readonly #site: HttpSite;
  readonly #answer: StreamAnswer;
  readonly #request: StreamRequest;
  readonly #response: StreamResponse;
  readonly #router: Router;
  readonly #logs: StreamLogs;

  constructor(connection: StreamOwner) {
    this.#connection = connection;
    this.#site = connection.site;
    this.entry = new StreamEntry(connection.entry);
    this.#answer = new StreamAnswer(this, connection, this.entry);
    this.#request = this.#answer.request;
    this.#response = this.#answer.response;
    this.#router = this.#answer.router;
    this.#logs = new StreamLogs(connection.site, this.entry);
  }

  get active(): boolean {
    return !this.#response.ended;
  }

  get requestEnded(): boolean {
    return this.#request.ended;
  }

  get responseBegan(): boolean {
    return this.#response.began;
  }

  /** 0: none. */
  get idleTimeoutMs(): number {
    return this.#request.choice.idleTimeoutMs;
  }

  start(head: RequestHead, now: number): void {
    this.#begin(head, now);
    const refusal = admitRequest(head, this.entry, this.#connection);
    if (refusal) return this.#refuse(refusal);
    this.#response.continueBody(head);
    this.#request.trace();
    try {
      this.#request.openFilters();
    } catch (failure) {
      return this.#answer.onFilterFailure(failure);
    }
    this.#logs.begin();
    this.#request.filters.run();
  }

  /** The connection can't go on with the request, or could not even read it: answers as far as that is possible. */
  fail(reply: LocalReply): void {
    if (!this.active) this.#begin(undefined, this.#site.clock.monotonic());
    if (this.#response.began) return this.#answer.onCutShort(reply.flag, reply.details);
    this.#answer.onLocalReply(reply);
  }

  requestBody(chunk: Buffer): void {
    if (!this.active) return;
    this.entry.bytesReceived += chunk.length;
    this.#request.filters.requestBody(chunk);
  }

  requestEnd(trailers: Headers | undefined): void {
    this.#request.ended = true;
    if (this.active) this.#request.end(trailers, this.#site.clock.monotonic());
  }

  /** The client's connection is gone. */
  clientGone(): void {
    if (!this.active) return;
    this.#site.stats.rqRxReset.increment();
    this.entry.addFlag('DC');
    this.entry.responseCodeDetails = 'downstream_remote_disconnect';
    this.#router.cancel();
    this.finish();
  }

  drained(): void {
    this.#router.resumeResponse();
  }

  close(): void {
    this.#logs.close();
    this.#router.close();
  }

  onFiltered(): void {
    const { stats } = this.#site;
    const decision: Decision = this.#request.choice.decision();
    switch (decision.kind) {
      case 'route':
        return this.#forward(decision);
      case 'redirect':
        stats.redirect.increment();
        return this.#answer.own(redirectAnswer(decision.status, decision.location), decision.responseHeaders);
      case 'direct':
        stats.direct.increment();
        return this.#answer.own(directAnswer(decision.status, decision.body), decision.responseHeaders);
      case 'cors-preflight':
        return this.#answer.own(preflightAnswer(decision.status), NO_CHANGES);
      case 'not-found':
        stats.noRoute.increment();
        return this.#answer.onLocalReply(NOT_FOUND);
    }
  }

  onTunnel(): void {
    this.#logs.tunnel();
  }

  finish(): void {
    if (!this.active) return;
    const now = this.#site.clock.monotonic();
    this.#response.ended = true;
    this.#router.finish();
    this.entry.durationMs = now - this.entry.startedMs;
    countAnswered(this.#site.stats, this.entry);
    this.#request.filters.finish();
    this.#request.span?.finish();
    this.#request.span = undefined;
    this.#logs.finish();
    this.#connection.streamEnded(now);
  }

  #begin(head: RequestHead | undefined, now: number): void {
    const { stats, clock } = this.#site;
    stats.rqTotal.increment();
    (this.#connection.entry.http2 ? stats.rqHttp2 : stats.rqHttp1).increment();
    stats.rqActive.increment();
    this.#request.begin(head);
    this.#response.reset();
    this.#router.reset();
    this.entry.begin(head, clock.now(), now);
  }

  #refuse(refusal: LocalReply | NormalRedirect): void {
    if ('location' in refusal) this.#answer.own(redirectAnswer(refusal.status, refusal.location), NO_CHANGES);
    else this.#answer.onLocalReply(refusal);
  }

  #forward(decision: RouteDecision): void {
    const { span, head, outgoingHead } = this.#request;
    span?.forward(head.headers, decision.cluster, this.#site.clock.monotonic());
    const forwarding = forwardingOf(decision, outgoingHead, this.entry, this.#site);
    if ('status' in forwarding) this.#answer.onLocalReply(forwarding);
    else this.#router.route(forwarding);
  }
}
