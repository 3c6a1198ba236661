// Serves one request: target → normal form → headers → decision → fault → answer; then the response, counters and the log line.
import { applyHeaderChanges, type Decision, decide, type FaultAbort, type RouteDecision } from '@meltemi/decide';
import { Headers, type RequestHead, type ResponseHead } from '@meltemi/wire';
import type { Cluster } from '../cluster/cluster.ts';
import { admitRequest, type NormalRedirect } from './admit-request.ts';
import { type FaultedStream, FaultInjection } from './fault-injection.ts';
import type { HttpSettings } from './http-settings.ts';
import { MirroredRequest } from './mirror.ts';
import { outgoingRequest } from './outgoing-request.ts';
import { removeHopByHop, signResponse } from './response-headers.ts';
import { ResponseWriter } from './response-writer.ts';
import { type RoutedStream, Router } from './router.ts';
import { StreamEntry } from './stream-entry.ts';
import {
  FAULT_ABORT,
  INTERNAL_ERROR,
  type LocalReply,
  localReplyHeaders,
  NOT_FOUND,
  reasonPhrase,
  UPGRADE_REFUSED,
} from './local-reply.ts';
import type { StreamOwner } from './stream-owner.ts';

/** One a connection, used for one request after the other. */
export class HttpStream implements RoutedStream, FaultedStream {
  readonly entry: StreamEntry;
  readonly #connection: StreamOwner;
  readonly #router: Router;
  readonly #fault: FaultInjection;
  #head: RequestHead | undefined;
  #decision: Decision | undefined;
  #requestEnded = true;
  #requestEndedMs = 0;
  #responseBegan = false;
  #responseEnded = true;
  #abortIsClean = false;

  constructor(connection: StreamOwner) {
    this.#connection = connection;
    this.entry = new StreamEntry(connection.entry);
    this.#router = new Router(this, connection.site.clock, connection.site.dice);
    this.#fault = new FaultInjection(connection.site, this);
  }

  get active(): boolean {
    return !this.#responseEnded;
  }

  get requestEnded(): boolean {
    return this.#requestEnded;
  }

  get responseBegan(): boolean {
    return this.#responseBegan;
  }

  /** 0: none. */
  get idleTimeoutMs(): number {
    const own = this.#decision?.kind === 'route' ? this.#decision.idleTimeoutMs : undefined;
    return own ?? this.#connection.site.settings.timeouts.streamIdleMs;
  }

  start(head: RequestHead): void {
    this.#begin(head);
    const refusal = admitRequest(head, this.entry, this.#connection);
    if (refusal) return this.#refuse(refusal);
    this.#continueBody(head);
    const { routes, dice } = this.#connection.site;
    this.#decision = routes.table ? decide(routes.table, this.entry, dice) : NO_ROUTES;
    const fault = this.#decision.kind === 'not-found' ? undefined : this.#decision.fault;
    if (fault) this.#fault.inject(fault);
    else this.#act(this.#decision);
  }

  /** The connection can't go on with the request, or could not even read it: answers as far as that is possible. */
  fail(reply: LocalReply): void {
    if (!this.active) this.#begin(undefined);
    if (this.#responseBegan) return this.onCutShort(reply.flag, reply.details);
    this.onLocalReply(reply);
  }

  requestBody(chunk: Buffer): void {
    if (this.#responseEnded) return;
    this.entry.bytesReceived += chunk.length;
    this.#router.sendBody(chunk);
  }

  requestEnd(trailers: Headers | undefined): void {
    this.#requestEnded = true;
    if (this.#responseEnded) return;
    this.#requestEndedMs = this.#connection.site.clock.monotonic();
    this.entry.requestDurationMs = this.#requestEndedMs - this.entry.startedMs;
    this.#router.end(trailers);
  }

  /** The client's connection is gone. */
  clientGone(): void {
    if (this.#responseEnded) return;
    this.#connection.site.stats.rqRxReset.increment();
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
    if (grpcStatus === undefined) return this.onLocalReply({ ...FAULT_ABORT, status });
    this.entry.addFlag(FAULT_ABORT.flag);
    this.entry.responseCodeDetails = FAULT_ABORT.details;
    const headers = localReplyHeaders('', 'application/grpc');
    headers.append('grpc-status', String(grpcStatus));
    this.#answer(status, headers, '');
  }

  onFaultOver(): void {
    this.#act(this.#decision!);
  }

  onRetriesExhausted(): void {
    this.entry.addFlag('URX');
  }

  onUpstreamInformational(head: ResponseHead): void {
    const wanted = head.status === 103 || (head.status === 100 && this.#connection.site.settings.proxy100Continue);
    if (wanted && this.#head?.version === 11) this.#connection.writer.plainHead(head.status, head.reason, head.headers);
  }

  onUpstreamHead(head: ResponseHead): void {
    try {
      this.#respond(head);
    } catch (failure) {
      // A header value that a route computed can't be sent: this stream fails, no other.
      this.#connection.site.logger.error(`response failed: ${(failure as Error).message}`);
      this.fail(INTERNAL_ERROR);
    }
  }

  #respond(head: ResponseHead): void {
    const { site, writer } = this.#connection;
    const decision = this.#decision as RouteDecision;
    this.#noteUpstream();
    const upstreamTime = site.clock.monotonic() - this.entry.startedMs;
    this.entry.responseDurationMs = upstreamTime;
    this.entry.responseCodeDetails = 'via_upstream';
    removeHopByHop(head.headers);
    this.#addResponseFields(head.headers, decision);
    if (head.upgrade) return this.#switchProtocols(head);
    const framing = { version: this.#head!.version, bodyLength: head.bodyLength, keepAlive: true };
    const unframed = ResponseWriter.endsWithConnection(framing);
    framing.keepAlive = this.#connection.keepsAlive(this.#head!, true) && !unframed;
    this.#began(head.status, head.headers);
    this.#abortIsClean = unframed;
    writer.head(head.status, head.reason, head.headers, framing);
  }

  onUpstreamBody(chunk: Buffer): void {
    this.entry.bytesSent += chunk.length;
    this.#connection.touch();
    if (!this.#connection.writer.body(chunk)) this.#router.pauseResponse();
  }

  onUpstreamEnd(trailers: Headers | undefined): void {
    this.#connection.writer.end(trailers);
    this.#finish();
  }

  /** The client must see that the response is not whole. */
  onCutShort(flag: string, details: string): void {
    this.entry.addFlag(flag);
    this.entry.responseCodeDetails = details;
    this.#router.cancel();
    this.#connection.abort(this.#abortIsClean);
    this.#finish();
  }

  onLocalReply(reply: LocalReply): void {
    this.#noteUpstream();
    this.#router.cancel();
    this.entry.addFlag(reply.flag);
    this.entry.responseCodeDetails = reply.details;
    const headers = localReplyHeaders(reply.body, 'text/plain');
    if (reply.flag === 'UO') headers.append('x-envoy-overloaded', 'true');
    this.#answer(reply.status, headers, reply.body);
  }

  #begin(head: RequestHead | undefined): void {
    const { stats, clock } = this.#connection.site;
    stats.rqTotal.increment();
    stats.rqHttp1.increment();
    stats.rqActive.increment();
    this.#head = head;
    this.#decision = undefined;
    this.#requestEnded = head === undefined;
    this.#responseBegan = false;
    this.#responseEnded = false;
    this.#abortIsClean = false;
    this.#router.reset();
    this.entry.begin(head, clock.now(), clock.monotonic());
  }

  /** Envoy answers `Expect: 100-continue` itself, at once, unless told to leave that to the upstream. */
  #continueBody(head: RequestHead): void {
    if (this.#connection.site.settings.proxy100Continue) return;
    head.headers.remove('expect');
    if (head.expectContinue && head.version === 11) this.#connection.writer.plainHead(100, 'Continue', new Headers());
  }

  #refuse(refusal: LocalReply | NormalRedirect): void {
    if ('location' in refusal) this.#redirect(refusal.status, refusal.location);
    else this.onLocalReply(refusal);
  }

  #act(decision: Decision): void {
    const { stats } = this.#connection.site;
    if (decision.kind !== 'not-found') this.entry.routeName = decision.route.name;
    switch (decision.kind) {
      case 'route':
        return this.#forward(decision);
      case 'redirect':
        stats.redirect.increment();
        return this.#redirect(decision.status, decision.location);
      case 'direct':
        stats.direct.increment();
        this.entry.responseCodeDetails = 'direct_response';
        return this.#answerBytes(decision.status, decision.body);
      case 'cors-preflight':
        this.entry.responseCodeDetails = 'cors_preflight';
        return this.#answer(decision.status, localReplyHeaders('', ''), '');
      case 'not-found':
        stats.noRoute.increment();
        return this.onLocalReply(NOT_FOUND);
    }
  }

  #forward(decision: RouteDecision): void {
    const { site } = this.#connection;
    const head = this.#head!;
    const upgrade = head.upgrade?.toLowerCase() === 'h2c' ? undefined : head.upgrade;
    if (upgrade !== undefined && !this.#allowsUpgrade(decision, upgrade)) return this.onLocalReply(UPGRADE_REFUSED);
    this.entry.upstreamCluster = decision.cluster;
    const cluster = decision.cluster === '' ? undefined : site.clusters.get(decision.cluster);
    if (!cluster) return this.#noCluster(decision.clusterNotFoundStatus);
    const request = outgoingRequest(head, this.entry, decision, site.settings, upgrade);
    this.#send(cluster, decision, request);
  }

  #send(cluster: Cluster, decision: RouteDecision, request: ReturnType<typeof outgoingRequest>): void {
    const mirrors = decision.mirrors.flatMap((mirror) => {
      const copy = MirroredRequest.start(mirror, this.#connection.site.clusters, request);
      return copy ? [copy] : [];
    });
    this.#router.route(cluster, decision, request, mirrors);
  }

  #allowsUpgrade(decision: RouteDecision, upgrade: string): boolean {
    const type = upgrade.toLowerCase();
    return decision.upgrades.get(type) ?? this.#connection.site.settings.upgrades.has(type);
  }

  #noCluster(status: number): void {
    this.#connection.site.stats.noCluster.increment();
    this.onLocalReply({ status, body: '', flag: 'NC', details: 'cluster_not_found' });
  }

  #redirect(status: number, location: string): void {
    const headers = localReplyHeaders('', '');
    headers.set('location', location);
    this.entry.responseCodeDetails = 'direct_response';
    this.#answer(status, headers, '');
  }

  #answerBytes(status: number, bytes: Uint8Array): void {
    const body = Buffer.from(bytes).toString('latin1');
    this.#answer(status, localReplyHeaders(body, 'text/plain'), body);
  }

  /** An answer of our own; `body` is latin1. */
  #answer(status: number, headers: Headers, body: string): void {
    const { site, writer } = this.#connection;
    const head = this.#head;
    if (this.#decision && 'responseHeaders' in this.#decision && this.#decision.kind !== 'route') {
      applyHeaderChanges(this.#decision.responseHeaders, headers, this.entry);
    }
    signResponse(headers, localSigner(site.settings.server), site.date.text);
    const bodyless = head?.method === 'HEAD' || status === 204 || status === 304;
    const keepAlive =
      head !== undefined && this.#connection.keepsAlive(head, this.#requestEnded || head.bodyLength === 0);
    this.#began(status, headers);
    writer.head(status, reasonPhrase(status), headers, {
      version: head?.version ?? 11,
      bodyLength: bodyless ? 0 : body.length,
      keepAlive,
    });
    if (!bodyless && body !== '') this.#writeText(body);
    writer.end(undefined);
    this.#finish();
  }

  #writeText(body: string): void {
    const bytes = Buffer.from(body, 'latin1');
    this.entry.bytesSent += bytes.length;
    this.#connection.writer.body(bytes);
  }

  #began(status: number, headers: Headers): void {
    this.entry.responseCode = status;
    this.entry.responseHeaders = headers;
    this.#responseBegan = true;
    this.#connection.touch();
  }

  #addResponseFields(headers: Headers, decision: RouteDecision): void {
    const { settings, date } = this.#connection.site;
    if (decision.responseHeaders.length > 0) applyHeaderChanges(decision.responseHeaders, headers, this.entry);
    if (!settings.filters.suppressEnvoyHeaders) {
      const since = this.#requestEnded ? this.#requestEndedMs : this.entry.startedMs;
      const elapsed = this.#connection.site.clock.monotonic() - since;
      headers.set('x-envoy-upstream-service-time', String(Math.max(0, Math.round(elapsed))));
    }
    if (decision.includeAttemptCountInResponse) headers.set('x-envoy-attempt-count', String(this.#router.attempts));
    if (settings.requestId.inResponse) {
      const id = this.entry.headers.get('x-request-id');
      if (id !== undefined) headers.set('x-request-id', id);
    }
    signResponse(headers, settings.server, date.text);
  }

  #switchProtocols(head: ResponseHead): void {
    head.headers.append('connection', 'upgrade');
    head.headers.append('upgrade', this.#head?.upgrade ?? '');
    this.#began(head.status, head.headers);
    this.#abortIsClean = true;
    this.#connection.writer.plainHead(head.status, head.reason, head.headers);
    this.#connection.startTunnel();
  }

  #noteUpstream(): void {
    this.entry.upstreamHost = this.#router.host?.text;
    this.entry.upstreamLocalAddress = this.#router.localAddressText;
    this.entry.upstreamRequestAttemptCount = this.#router.attempts;
    this.entry.upstreamTransportFailureReason = this.#router.failure;
  }

  #finish(): void {
    if (this.#responseEnded) return;
    this.#responseEnded = true;
    this.#fault.finish();
    this.#router.finish();
    this.#count();
    for (const log of this.#connection.site.accessLogs) log.log(this.entry);
    this.#connection.streamEnded();
  }

  #count(): void {
    const { stats, clock } = this.#connection.site;
    this.entry.durationMs = clock.monotonic() - this.entry.startedMs;
    stats.rqActive.decrement();
    stats.rqCompleted.increment();
    stats.rqByClass[Math.floor(this.entry.responseCode / 100) - 1]?.increment();
    stats.rqTime.record(this.entry.durationMs);
  }
}

/** Our own answers always say who gives them. */
function localSigner(server: HttpSettings['server']): HttpSettings['server'] {
  return server.header === 'pass-through' ? { ...server, header: 'overwrite' } : server;
}

const NO_ROUTES: Decision = { kind: 'not-found', reason: 'no virtual host' };
