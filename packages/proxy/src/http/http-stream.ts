// Serves one request: target → normal form → headers → decision → fault → answer; then counters and the log line.
import { type Decision, decide, type FaultAbort, type HeaderChange, type RouteDecision } from '@meltemi/decide';
import { Headers, type RequestHead, type ResponseHead } from '@meltemi/wire';
import { admitRequest, type NormalRedirect } from './admit-request.ts';
import { type FaultedStream, FaultInjection } from './fault-injection.ts';
import type { HttpSite } from './http-site.ts';
import { FAULT_ABORT, INTERNAL_ERROR, type LocalReply, NOT_FOUND, UPGRADE_REFUSED } from './local-reply.ts';
import { startMirrors } from './mirror.ts';
import { outgoingRequest } from './outgoing-request.ts';
import {
  directAnswer,
  grpcAbortAnswer,
  localAnswer,
  type OwnAnswer,
  preflightAnswer,
  redirectAnswer,
} from './own-answer.ts';
import { type RoutedStream, Router } from './router.ts';
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
    this.#router = new Router(this, connection.site.clock, connection.site.dice);
    this.#fault = new FaultInjection(connection.site, this);
    this.#response = new StreamResponse(connection, this, this.entry);
  }

  get active(): boolean {
    return !this.#response.ended;
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
    this.#continueBody(head);
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

  pauseRequest(): void {
    this.#connection.pauseRequest();
  }

  resumeRequest(): void {
    this.#connection.resumeRequest();
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
    this.#noteUpstream();
    try {
      this.#response.fromUpstream(head, this.#decision as RouteDecision, this.#site.clock.monotonic());
    } catch (failure) {
      // A header value that a route computed can't be sent: this stream fails, no other.
      this.#site.logger.error(`response failed: ${(failure as Error).message}`);
      this.fail(INTERNAL_ERROR);
    }
  }

  onUpstreamBody(chunk: Buffer): void {
    this.#connection.touch(this.#site.clock.monotonic());
    if (!this.#response.body(chunk)) this.#router.pauseResponse();
  }

  onUpstreamPause(): void {
    this.#connection.writer.flush();
  }

  onUpstreamEnd(trailers: Headers | undefined): void {
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
    this.#noteUpstream();
    this.#router.cancel();
    this.#answer(localAnswer(reply), this.#routeChanges());
  }

  #begin(head: RequestHead | undefined, now: number): void {
    const { stats, clock } = this.#site;
    stats.rqTotal.increment();
    stats.rqHttp1.increment();
    stats.rqActive.increment();
    this.head = head;
    this.requestEnded = head === undefined;
    this.#decision = undefined;
    this.#response.reset();
    this.#router.reset();
    this.entry.begin(head, clock.now(), now);
  }

  /** Envoy answers `Expect: 100-continue` itself, at once, unless told to leave that to the upstream. */
  #continueBody(head: RequestHead): void {
    if (this.#site.settings.proxy100Continue) return;
    head.headers.remove('expect');
    if (head.expectContinue && head.version === 11) this.#connection.writer.plainHead(100, 'Continue', new Headers());
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
    const head = this.head!;
    const { clusters, settings } = this.#site;
    const upgrade = head.upgrade?.toLowerCase() === 'h2c' ? undefined : head.upgrade;
    if (upgrade !== undefined && !this.#allowsUpgrade(decision, upgrade)) return this.onLocalReply(UPGRADE_REFUSED);
    this.entry.upstreamCluster = decision.cluster;
    const cluster = decision.cluster === '' ? undefined : clusters.get(decision.cluster);
    if (!cluster) return this.#noCluster(decision.clusterNotFoundStatus);
    const request = outgoingRequest(head, this.entry, decision, settings, upgrade);
    this.#router.route(cluster, decision, request, startMirrors(decision.mirrors, clusters, request));
  }

  #allowsUpgrade(decision: RouteDecision, upgrade: string): boolean {
    const type = upgrade.toLowerCase();
    return decision.upgrades.get(type) ?? this.#site.settings.upgrades.has(type);
  }

  #noCluster(status: number): void {
    this.#site.stats.noCluster.increment();
    this.onLocalReply({ status, body: '', flag: 'NC', details: 'cluster_not_found' });
  }

  #answer(answer: OwnAnswer, changes: readonly HeaderChange[]): void {
    this.#response.own(answer, changes, this.#site.clock.monotonic());
    this.#finish();
  }

  /** As Envoy: what a forwarding route does to responses it does to ours; a redirect's or direct answer's route only to its own. */
  #routeChanges(): readonly HeaderChange[] {
    return this.#decision?.kind === 'route' ? this.#decision.responseHeaders : NO_CHANGES;
  }

  #noteUpstream(): void {
    this.entry.upstreamHost = this.#router.host?.text;
    this.entry.upstreamLocalAddress = this.#router.localAddressText;
    this.entry.upstreamRequestAttemptCount = this.#router.attempts;
    this.entry.upstreamTransportFailureReason = this.#router.failure;
  }

  #finish(): void {
    if (!this.active) return;
    const now = this.#site.clock.monotonic();
    this.#response.ended = true;
    this.#fault.finish();
    this.#router.finish();
    this.#count(now);
    for (const log of this.#site.accessLogs) log.log(this.entry);
    this.#connection.streamEnded(now);
  }

  #count(now: number): void {
    const { stats } = this.#site;
    this.entry.durationMs = now - this.entry.startedMs;
    stats.rqActive.decrement();
    stats.rqCompleted.increment();
    stats.rqByClass[Math.floor(this.entry.responseCode / 100) - 1]?.increment();
    stats.rqTime.record(this.entry.durationMs);
  }
}
