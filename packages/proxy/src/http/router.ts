// Turns a routed request into tries at upstream hosts until one answers: timeouts, retries with back-off, replay of the body.
import { type Clock, type Dice, formatSocketAddress, type SocketAddress, type Timer } from '@meltemi/base';
import type { RouteDecision } from '@meltemi/decide';
import type { Headers, ResponseHead, TlsInfo } from '@meltemi/wire';
import type {
  Cluster,
  PickContext,
  ResetReason,
  UpstreamExchange,
  UpstreamHandler,
  UpstreamHost,
  UpstreamRequest,
} from '../cluster/cluster.ts';
import { Deadline } from './deadline.ts';
import type { LocalReply } from './local-reply.ts';
import type { MirroredRequest } from './mirror.ts';
import { RequestBody } from './request-body.ts';
import { backOffMs, isSafeMethod, retriesFailure, retriesResponse, type TryFailure } from './retry.ts';
import {
  cutShortDetails,
  NO_HEALTHY_UPSTREAM,
  PER_TRY_TIMEOUT,
  UPSTREAM_TIMEOUT,
  upstreamFailure,
} from './upstream-failure.ts';

/** The stream that a router works for. It hears of one response or one local reply, unless it cancels. */
export interface RoutedStream {
  onUpstreamInformational(head: ResponseHead): void;
  onUpstreamHead(head: ResponseHead): void;
  onUpstreamBody(chunk: Buffer): void;
  onUpstreamEnd(trailers: Headers | undefined): void;
  onLocalReply(reply: LocalReply): void;
  /** The response began and can't be completed. */
  onCutShort(flag: string, details: string): void;
  onRetriesExhausted(): void;
  pauseRequest(): void;
  resumeRequest(): void;
}

/** A request with its headers ready for the upstream; `host` and the attempt count may still change with each try. */
export interface OutgoingRequest extends UpstreamRequest {
  readonly includeAttemptCount: boolean;
}

/** One a connection, used for one request after the other. */
export class Router implements UpstreamHandler, PickContext {
  readonly #stream: RoutedStream;
  readonly #clock: Clock;
  readonly #dice: Dice;
  readonly #body = new RequestBody();
  readonly #routeDeadline: Deadline;
  readonly #tryDeadline: Deadline;
  #cluster: Cluster | undefined;
  #decision: RouteDecision | undefined;
  #request: OutgoingRequest | undefined;
  #exchange: UpstreamExchange | undefined;
  #mirrors: readonly MirroredRequest[] = [];
  #backOff: Timer | undefined;
  #connected = false;
  #responded = false;
  #discarding = false;
  #retriedStale = false;
  #holdsRetry = false;
  #timed = false;
  attempts = 0;
  host: UpstreamHost | undefined;
  localAddress: SocketAddress | undefined;
  failure = '';
  hash: number | undefined;
  tried: UpstreamHost[] = [];

  constructor(stream: RoutedStream, clock: Clock, dice: Dice) {
    this.#stream = stream;
    this.#clock = clock;
    this.#dice = dice;
    this.#routeDeadline = new Deadline(clock, () => this.#onRouteTimeout());
    this.#tryDeadline = new Deadline(clock, () => this.#onTryTimeout());
  }

  /** Undefined: no connection was made. */
  get localAddressText(): string | undefined {
    return this.localAddress && formatSocketAddress(this.localAddress);
  }

  route(
    cluster: Cluster,
    decision: RouteDecision,
    request: OutgoingRequest,
    mirrors: readonly MirroredRequest[],
  ): void {
    this.#cluster = cluster;
    this.#decision = decision;
    this.#request = request;
    this.#mirrors = mirrors;
    this.hash = decision.hash;
    this.#try();
  }

  /** A chunk of the request's body; before `route` it is kept. */
  sendBody(chunk: Buffer): void {
    for (const mirror of this.#mirrors) mirror.sendBody(chunk);
    if (!this.#exchange) return this.#keepUntilRouted(chunk);
    if (this.#body.replayable) this.#keepForReplay(chunk);
    if (!this.#exchange.sendBody(chunk)) this.#stream.pauseRequest();
  }

  end(trailers: Headers | undefined): void {
    this.#body.end(trailers);
    for (const mirror of this.#mirrors) mirror.end(trailers);
    if (!this.#request) return;
    this.#exchange?.end(trailers);
    this.#startTimeouts();
  }

  /** The client is gone, or got another answer: nothing is heard of the upstream any more. */
  cancel(): void {
    this.#exchange?.reset('cancelled');
    this.finish();
  }

  pauseResponse(): void {
    this.#exchange?.pauseReading();
  }

  resumeResponse(): void {
    this.#exchange?.resumeReading();
  }

  /** Ready for the next request. */
  finish(): void {
    if (!this.#body.ended) for (const mirror of this.#mirrors) mirror.cancel();
    this.#releaseRetry();
    this.#routeDeadline.clear();
    this.#tryDeadline.clear();
    this.#backOff?.cancel();
    this.#backOff = undefined;
    this.#exchange = undefined;
    this.#cluster = undefined;
    this.#decision = undefined;
    this.#request = undefined;
    this.#mirrors = [];
  }

  /** Forgets what the access log still wanted of the last request. */
  reset(): void {
    this.#body.reset();
    this.#connected = false;
    this.#responded = false;
    this.#discarding = false;
    this.#retriedStale = false;
    this.#timed = false;
    this.attempts = 0;
    this.host = undefined;
    this.localAddress = undefined;
    this.failure = '';
    if (this.tried.length > 0) this.tried = [];
  }

  /** At the end of the connection: no timer stays. */
  close(): void {
    this.#routeDeadline.close();
    this.#tryDeadline.close();
  }

  onConnected(_tls: TlsInfo | undefined, localAddress: SocketAddress): void {
    this.#connected = true;
    this.localAddress = localAddress;
  }

  onInformational(head: ResponseHead): void {
    this.#stream.onUpstreamInformational(head);
  }

  onHead(head: ResponseHead): void {
    const retry = this.#decision?.retry;
    if (retry && retriesResponse(retry, head.status, head.headers) && this.#takeRetry()) {
      return this.#discard(head);
    }
    this.#responded = true;
    this.#tryDeadline.clear();
    if (this.#holdsRetry) this.#cluster!.stats.rqRetrySuccess.increment();
    this.#stream.onUpstreamHead(head);
  }

  onBody(chunk: Buffer): void {
    if (!this.#discarding) this.#stream.onUpstreamBody(chunk);
  }

  onEnd(trailers: Headers | undefined): void {
    this.#exchange = undefined;
    if (this.#discarding) return this.#retryLater();
    this.#stream.onUpstreamEnd(trailers);
  }

  onReset(reason: ResetReason, detail: string): void {
    const reused = this.#exchange?.reused ?? false;
    this.#exchange = undefined;
    this.failure = reason === 'tls-failure' || reason === 'connect-failure' ? detail : '';
    if (this.#discarding) return this.#retryLater();
    if (this.#responded) return this.#cutShort(reason);
    if (reused && this.#mayReplayStale(reason)) return this.#replayStale();
    const retry = this.#decision?.retry;
    if (retry && this.#retries(reason) && this.#takeRetry()) return this.#retryLater();
    this.#stream.onLocalReply(upstreamFailure(reason, detail, this.attempts > 1));
  }

  onDrain(): void {
    this.#stream.resumeRequest();
  }

  #try(): void {
    const cluster = this.#cluster!;
    const host = cluster.pick(this);
    if (!host) return this.#stream.onLocalReply(NO_HEALTHY_UPSTREAM);
    this.host = host;
    this.attempts++;
    this.#connected = false;
    const exchange = cluster.open(host, this, this.#decision!.priority);
    if (!exchange) return this.#stream.onLocalReply(upstreamFailure('overflow', '', this.attempts > 1));
    this.#exchange = exchange;
    this.#sendHead(exchange, host);
    this.#sendKept(exchange);
  }

  #sendHead(exchange: UpstreamExchange, host: UpstreamHost): void {
    const request = this.#request!;
    if (this.#decision!.autoHostRewrite && host.hostname !== '') request.headers.set('host', host.hostname);
    if (request.includeAttemptCount) request.headers.set('x-envoy-attempt-count', String(this.attempts));
    exchange.sendHead(request);
  }

  #sendKept(exchange: UpstreamExchange): void {
    let ready = true;
    for (const chunk of this.#body.chunks) ready = exchange.sendBody(chunk) && ready;
    if (!this.#keepsForReplay() || this.#body.full) this.#body.forget();
    if (this.#body.ended) {
      exchange.end(this.#body.trailers);
      this.#startTimeouts();
    } else if (ready) {
      this.#stream.resumeRequest();
    }
  }

  #keepsForReplay(): boolean {
    return this.#decision?.retry !== undefined || isSafeMethod(this.#request!.method);
  }

  #keepUntilRouted(chunk: Buffer): void {
    this.#body.keep(chunk);
    if (this.#body.full) this.#stream.pauseRequest();
  }

  #keepForReplay(chunk: Buffer): void {
    this.#body.keep(chunk);
    if (this.#body.full) this.#body.forget();
  }

  /** Both count from the end of the request; a try that starts later counts from its own start. */
  #startTimeouts(): void {
    const { timeoutMs, retry } = this.#decision!;
    if (timeoutMs > 0 && !this.#timed) this.#routeDeadline.set(this.#clock.monotonic() + timeoutMs);
    this.#timed = true;
    const perTry = retry?.perTryTimeoutMs ?? 0;
    if (perTry > 0 && !this.#responded && this.#exchange) this.#tryDeadline.set(this.#clock.monotonic() + perTry);
  }

  #onRouteTimeout(): void {
    this.#exchange?.reset('timeout');
    this.#exchange = undefined;
    if (this.#responded) this.#stream.onCutShort('UT', UPSTREAM_TIMEOUT.details);
    else this.#stream.onLocalReply(UPSTREAM_TIMEOUT);
  }

  #onTryTimeout(): void {
    this.#exchange?.reset('per-try-timeout');
    this.#exchange = undefined;
    if (this.#retries('per-try-timeout') && this.#takeRetry()) this.#retryLater();
    else this.#stream.onLocalReply(PER_TRY_TIMEOUT);
  }

  #cutShort(reason: ResetReason): void {
    const { flag, details } = cutShortDetails(reason);
    this.#stream.onCutShort(flag, details);
  }

  /** The upstream closed a kept-alive connection just as we used it: it never read the request. Once, and only where it is harmless. */
  #mayReplayStale(reason: ResetReason): boolean {
    if (this.#retriedStale || (reason !== 'connection-termination' && reason !== 'reset')) return false;
    return isSafeMethod(this.#request!.method) && this.#body.replayable;
  }

  #replayStale(): void {
    this.#retriedStale = true;
    this.#tryDeadline.clear();
    this.#try();
  }

  #retries(failure: TryFailure): boolean {
    const retry = this.#decision?.retry;
    return retry !== undefined && retriesFailure(retry, failure, this.#connected);
  }

  #takeRetry(): boolean {
    this.#releaseRetry();
    const { retry, priority } = this.#decision!;
    if (!this.#body.replayable) return false;
    if (this.attempts > retry!.numRetries + (this.#retriedStale ? 1 : 0)) {
      if (retry!.numRetries > 0) this.#stream.onRetriesExhausted();
      this.#cluster!.stats.rqRetryLimitExceeded.increment();
      return false;
    }
    this.#holdsRetry = this.#cluster!.acquireRetry(priority);
    return this.#holdsRetry;
  }

  #releaseRetry(): void {
    if (this.#holdsRetry) this.#cluster?.releaseRetry(this.#decision?.priority);
    this.#holdsRetry = false;
  }

  /** A response without a body ends in this turn and leaves its connection for others; any other is given up. */
  #discard(head: ResponseHead): void {
    this.#tryDeadline.clear();
    if (head.bodyLength === 0) {
      this.#discarding = true;
      return;
    }
    this.#exchange?.reset('cancelled');
    this.#retryLater();
  }

  #retryLater(): void {
    this.#discarding = false;
    this.#exchange = undefined;
    this.#tryDeadline.clear();
    const retry = this.#decision!.retry!;
    if (this.host && retry.hostPredicates.includes('previous-hosts')) this.tried.push(this.host);
    this.#cluster!.stats.rqRetry.increment();
    this.#backOff = this.#clock.after(backOffMs(retry, this.attempts, this.#dice), () => {
      this.#backOff = undefined;
      this.#try();
    });
  }
}
