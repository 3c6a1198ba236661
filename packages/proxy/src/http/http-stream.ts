// Serves one request: target → normal form → headers → decision → fault → answer; then the response, counters and the log line.
import type { Timer } from '@meltemi/base';
import {
  applyHeaderChanges,
  type Decision,
  decide,
  type FaultDecision,
  normaliseHost,
  normalisePath,
  type RouteDecision,
} from '@meltemi/decide';
import { Headers, type RequestHead, type ResponseHead } from '@meltemi/wire';
import type { Cluster } from '../cluster/cluster.ts';
import type { DownstreamConnection } from './downstream-connection.ts';
import type { HttpSettings } from './http-settings.ts';
import { MirroredRequest } from './mirror.ts';
import { outgoingRequest } from './outgoing-request.ts';
import { admitRequestHeaders } from './request-headers.ts';
import { requestTarget } from './request-target.ts';
import { removeHopByHop, signResponse } from './response-headers.ts';
import { ResponseWriter } from './response-writer.ts';
import { type RoutedStream, Router } from './router.ts';
import { StreamEntry } from './stream-entry.ts';
import { localReplyHeaders, reasonPhrase } from './local-reply.ts';
import type { LocalReply } from './upstream-failure.ts';

/** One a connection, used for one request after the other. */
export class HttpStream implements RoutedStream {
  readonly entry: StreamEntry;
  readonly #connection: DownstreamConnection;
  readonly #router: Router;
  #head: RequestHead | undefined;
  #decision: Decision | undefined;
  #delay: Timer | undefined;
  #faulted = false;
  #requestEnded = true;
  #requestEndedMs = 0;
  #responseBegan = false;
  #responseEnded = true;
  #abortIsClean = false;

  constructor(connection: DownstreamConnection) {
    this.#connection = connection;
    this.entry = new StreamEntry(connection.entry);
    this.#router = new Router(this, connection.manager.clock, connection.manager.dice);
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
    return own ?? this.#connection.manager.settings.timeouts.streamIdleMs;
  }

  start(head: RequestHead): void {
    this.#begin(head);
    const refusal = this.#admit(head);
    if (refusal) return this.#refuse(refusal);
    const { routes, dice } = this.#connection.manager;
    this.#decision = routes.table ? decide(routes.table, this.entry, dice) : NO_ROUTES;
    this.#injectFault(this.#decision);
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
    this.#requestEndedMs = this.#connection.manager.clock.monotonic();
    this.entry.requestDurationMs = this.#requestEndedMs - this.entry.startedMs;
    this.#router.end(trailers);
  }

  /** The client's connection is gone. */
  clientGone(): void {
    if (this.#responseEnded) return;
    this.#connection.manager.stats.rqRxReset.increment();
    this.entry.addFlag('DC');
    this.entry.responseCodeDetails = 'downstream_remote_disconnect';
    this.#router.cancel();
    this.#finish();
  }

  drained(): void {
    this.#router.resumeResponse();
  }

  close(): void {
    this.#delay?.cancel();
    this.#router.close();
  }

  pauseRequest(): void {
    this.#connection.pauseRequest();
  }

  resumeRequest(): void {
    this.#connection.resumeRequest();
  }

  onRetriesExhausted(): void {
    this.entry.addFlag('URX');
  }

  onUpstreamInformational(head: ResponseHead): void {
    const wanted = head.status === 103 || (head.status === 100 && this.#connection.manager.settings.proxy100Continue);
    if (wanted && this.#head?.version === 11) this.#connection.writer.plainHead(head.status, head.reason, head.headers);
  }

  onUpstreamHead(head: ResponseHead): void {
    try {
      this.#respond(head);
    } catch (failure) {
      // A header value that a route computed can't be sent: this stream fails, no other.
      this.#connection.manager.logger.error(`response failed: ${(failure as Error).message}`);
      this.fail({ status: 500, body: '', flag: '', details: 'internal_error' });
    }
  }

  #respond(head: ResponseHead): void {
    const { manager, writer } = this.#connection;
    const decision = this.#decision as RouteDecision;
    this.#noteUpstream();
    const upstreamTime = manager.clock.monotonic() - this.entry.startedMs;
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
    const { stats, clock } = this.#connection.manager;
    stats.rqTotal.increment();
    stats.rqHttp1.increment();
    stats.rqActive.increment();
    this.#head = head;
    this.#decision = undefined;
    this.#faulted = false;
    this.#requestEnded = head === undefined;
    this.#responseBegan = false;
    this.#responseEnded = false;
    this.#abortIsClean = false;
    this.#router.reset();
    this.entry.begin(head, clock.now(), clock.monotonic());
  }

  /** Brings the request into the form that is routed, and says why it can't be. */
  #admit(head: RequestHead): LocalReply | NormalRedirect | undefined {
    const { settings, dice } = this.#connection.manager;
    const target = requestTarget(head);
    if (!target) return head.method === 'CONNECT' ? CONNECT_REFUSED : BAD_TARGET;
    this.entry.authority = this.#host(target.authority);
    this.entry.path = target.path;
    const normal = normalisePath(target.path, settings.path);
    if (normal.kind === 'reject') return BAD_PATH;
    if (normal.kind === 'redirect') return { status: normal.status, location: normal.path };
    this.entry.path = normal.path;
    if (settings.underscores !== 'allow' && !this.#admitUnderscores(head.headers)) return UNDERSCORE_REFUSED;
    this.#continueBody(head);
    const origin = admitRequestHeaders(head.headers, this.#connection.client, settings, dice);
    this.entry.trusted = origin.trusted;
    this.entry.remoteAddress = origin.remoteAddress;
    this.entry.scheme = origin.scheme;
    return undefined;
  }

  #host(authority: string): string {
    const { stripPort, stripTrailingDot } = this.#connection.manager.settings.host;
    if (stripPort === 'none' && !stripTrailingDot) return authority;
    if (stripPort === 'none') return normaliseHost(authority);
    return normaliseHost(authority, { stripPort: stripPort === 'any' ? true : this.#connection.entry.local.port });
  }

  /** False: refused. */
  #admitUnderscores(headers: Headers): boolean {
    const names = headers.names.filter((name) => name.includes('_'));
    if (this.#connection.manager.settings.underscores === 'reject') return names.length === 0;
    for (const name of names) headers.remove(name);
    return true;
  }

  /** Envoy answers `Expect: 100-continue` itself, at once, unless told to leave that to the upstream. */
  #continueBody(head: RequestHead): void {
    if (this.#connection.manager.settings.proxy100Continue) return;
    head.headers.remove('expect');
    if (head.expectContinue && head.version === 11) this.#connection.writer.plainHead(100, 'Continue', new Headers());
  }

  #refuse(refusal: LocalReply | NormalRedirect): void {
    if ('location' in refusal) this.#redirect(refusal.status, refusal.location);
    else this.onLocalReply(refusal);
  }

  #injectFault(decision: Decision): void {
    const fault = decision.kind === 'not-found' ? undefined : decision.fault;
    if (!fault || !this.#takeFault(fault)) return this.#act(decision);
    const { clock, stats } = this.#connection.manager;
    if (fault.delayMs <= 0) return this.#abortOr(fault, decision);
    this.entry.addFlag('DI');
    stats.faultDelays.increment();
    this.#delay = clock.after(fault.delayMs, () => {
      this.#delay = undefined;
      this.#abortOr(fault, decision);
    });
  }

  #takeFault(fault: FaultDecision): boolean {
    const { stats } = this.#connection.manager;
    if (fault.maxActive !== undefined && stats.faultsActive.value >= fault.maxActive) {
      stats.faultOverflow.increment();
      return false;
    }
    stats.faultsActive.increment();
    this.#faulted = true;
    return true;
  }

  #abortOr(fault: FaultDecision, decision: Decision): void {
    if (!fault.abort) return this.#act(decision);
    this.#connection.manager.stats.faultAborts.increment();
    const { status, grpcStatus } = fault.abort;
    if (grpcStatus === undefined) {
      return this.onLocalReply({ status, body: 'fault filter abort', flag: 'FI', details: 'fault_filter_abort' });
    }
    this.entry.addFlag('FI');
    this.entry.responseCodeDetails = 'fault_filter_abort';
    const headers = localReplyHeaders('', 'application/grpc');
    headers.append('grpc-status', String(grpcStatus));
    this.#answer(status, headers, '');
  }

  #act(decision: Decision): void {
    const { stats } = this.#connection.manager;
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
    const { manager } = this.#connection;
    const head = this.#head!;
    const upgrade = head.upgrade?.toLowerCase() === 'h2c' ? undefined : head.upgrade;
    if (upgrade !== undefined && !this.#allowsUpgrade(decision, upgrade)) return this.onLocalReply(UPGRADE_REFUSED);
    this.entry.upstreamCluster = decision.cluster;
    const cluster = decision.cluster === '' ? undefined : manager.clusters.get(decision.cluster);
    if (!cluster) return this.#noCluster(decision.clusterNotFoundStatus);
    const request = outgoingRequest(head, this.entry, decision, manager.settings, upgrade);
    this.#send(cluster, decision, request);
  }

  #send(cluster: Cluster, decision: RouteDecision, request: ReturnType<typeof outgoingRequest>): void {
    const mirrors = decision.mirrors.flatMap((mirror) => {
      const copy = MirroredRequest.start(mirror, this.#connection.manager.clusters, request);
      return copy ? [copy] : [];
    });
    this.#router.route(cluster, decision, request, mirrors);
  }

  #allowsUpgrade(decision: RouteDecision, upgrade: string): boolean {
    const type = upgrade.toLowerCase();
    return decision.upgrades.get(type) ?? this.#connection.manager.settings.upgrades.has(type);
  }

  #noCluster(status: number): void {
    this.#connection.manager.stats.noCluster.increment();
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
    const { manager, writer } = this.#connection;
    const head = this.#head;
    if (this.#decision && 'responseHeaders' in this.#decision && this.#decision.kind !== 'route') {
      applyHeaderChanges(this.#decision.responseHeaders, headers, this.entry);
    }
    signResponse(headers, localSigner(manager.settings.server), manager.date.text);
    const bodyless = head?.method === 'HEAD' || status === 204 || status === 304;
    const keepAlive = head !== undefined && this.#connection.keepsAlive(head, this.#requestEnded || head.bodyLength === 0);
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
    const { settings, date } = this.#connection.manager;
    if (decision.responseHeaders.length > 0) applyHeaderChanges(decision.responseHeaders, headers, this.entry);
    if (!settings.filters.suppressEnvoyHeaders) {
      const since = this.#requestEnded ? this.#requestEndedMs : this.entry.startedMs;
      const elapsed = this.#connection.manager.clock.monotonic() - since;
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
    this.#delay?.cancel();
    this.#delay = undefined;
    this.#router.finish();
    this.#count();
    for (const log of this.#connection.manager.accessLogs) log.log(this.entry);
    this.#connection.streamEnded();
  }

  #count(): void {
    const { stats, clock } = this.#connection.manager;
    this.entry.durationMs = clock.monotonic() - this.entry.startedMs;
    stats.rqActive.decrement();
    stats.rqCompleted.increment();
    stats.rqByClass[Math.floor(this.entry.responseCode / 100) - 1]?.increment();
    stats.rqTime.record(this.entry.durationMs);
    if (this.#faulted) stats.faultsActive.decrement();
    this.#faulted = false;
  }
}

/** Our own answers always say who gives them. */
function localSigner(server: HttpSettings['server']): HttpSettings['server'] {
  return server.header === 'pass-through' ? { ...server, header: 'overwrite' } : server;
}

/** The path's normal form is another one, and the listener wants clients to ask for that. */
interface NormalRedirect {
  readonly status: number;
  readonly location: string;
}

const NO_ROUTES: Decision = { kind: 'not-found', reason: 'no virtual host' };
const NOT_FOUND: LocalReply = { status: 404, body: '', flag: 'NR', details: 'route_not_found' };
const BAD_TARGET: LocalReply = { status: 400, body: 'Bad Request', flag: 'DPE', details: 'bad_request_target' };
const BAD_PATH: LocalReply = { status: 400, body: '', flag: '', details: 'path_normalization_failed' };
const CONNECT_REFUSED: LocalReply = { status: 403, body: '', flag: '', details: 'upgrade_failed' };
const UPGRADE_REFUSED: LocalReply = { status: 403, body: '', flag: '', details: 'upgrade_failed' };
const UNDERSCORE_REFUSED: LocalReply = { status: 400, body: '', flag: '', details: 'http1.unexpected_underscore' };
