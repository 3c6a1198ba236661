// Turns a routed request into tries at upstream hosts until one answers: timeouts, retries with back-off, replay of the body.
import { type Clock, type Dice, type SocketAddress } from '@meltemi/base';
import type { RouteDecision } from '@meltemi/decide';
import type { Headers, ResponseHead, TlsInfo } from '@meltemi/wire';
import type {
  Cluster,
  PickContext,
  ResetReason,
  UpstreamExchange,
  UpstreamHandler,
  UpstreamHost,
} from '../cluster/cluster.ts';
import type { Forwarding } from './forwarding.ts';
import type { HttpSite } from './http-site.ts';
import { RequestBody } from './request-body.ts';
import { type BodySource, RequestSender } from './request-sender.ts';
import { Retries } from './retries.ts';
import type { OutgoingRequest, RoutedStream } from './routed-stream.ts';
import type { StreamEntry } from './stream-entry.ts';
import {
  cutShortDetails,
  NO_HEALTHY_UPSTREAM,
  PER_TRY_TIMEOUT,
  UPSTREAM_TIMEOUT,
  upstreamFailure,
} from './upstream-failure.ts';
import { UpstreamTimers } from './upstream-timers.ts';

type UpstreamNotes = Pick<
  StreamEntry,
  'upstream' | 'upstreamHost' | 'upstreamLocal' | 'upstreamRequestAttemptCount' | 'upstreamTransportFailureReason'
>;

/** One a connection, used for one request after the other. */
export class Router implements UpstreamHandler, PickContext {
  readonly #stream: RoutedStream;
  readonly #source: BodySource;
  readonly #clock: Clock;
  readonly #dice: Dice;
  readonly #body = new RequestBody();
  readonly #timers: UpstreamTimers;
  readonly #retries: Retries;
  readonly #sender: RequestSender;
  #cluster: Cluster | undefined;
  #decision: RouteDecision | undefined;
  #request: OutgoingRequest | undefined;
  #exchange: UpstreamExchange | undefined;
  #connected = false;
  #responded = false;
  #discarding = false;
  host: UpstreamHost | undefined;
  localAddress: SocketAddress | undefined;
  failure = '';
  hash: number | undefined;
  tried: UpstreamHost[] = [];

  constructor(stream: RoutedStream, source: BodySource, { clock, dice }: Pick<HttpSite, 'clock' | 'dice'>) {
    this.#stream = stream;
    this.#source = source;
    this.#sender = new RequestSender(this.#body, source);
    this.#retries = new Retries(this.#body, () => stream.onRetriesExhausted());
    this.#clock = clock;
    this.#dice = dice;
    this.#timers = new UpstreamTimers(
      clock,
      () => this.#onRouteTimeout(),
      () => this.#onTryTimeout(),
    );
  }

  get http2(): boolean {
    return this.#stream.http2;
  }

  get attempts(): number {
    return this.#retries.attempts;
  }

  /** What the access log says of the upstream. */
  noteOn(entry: UpstreamNotes): void {
    entry.upstream = this.host;
    entry.upstreamHost = this.host?.text;
    entry.upstreamLocal = this.localAddress;
    entry.upstreamRequestAttemptCount = this.attempts;
    entry.upstreamTransportFailureReason = this.failure;
  }

  route({ cluster, decision, request, mirrors }: Forwarding): void {
    this.#cluster = cluster;
    this.#decision = decision;
    this.#request = request;
    this.#sender.start(mirrors);
    this.#retries.start(cluster, decision, request.method);
    this.hash = decision.hash;
    this.#try();
  }

  /** A chunk of the request's body; before `route` it is kept. */
  sendBody(chunk: Buffer): void {
    this.#sender.send(chunk, this.#exchange);
  }

  /** `now`: monotonic milliseconds. */
  end(trailers: Headers | undefined, now: number): void {
    this.#sender.end(trailers, this.#exchange);
    if (this.#request) this.#startTimeouts(now);
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
    this.#sender.over();
    this.#retries.over();
    this.#timers.clear();
    this.#exchange = undefined;
    this.#cluster = undefined;
    this.#decision = undefined;
    this.#request = undefined;
  }

  /** Forgets what the access log still wanted of the last request. */
  reset(): void {
    this.#body.reset();
    this.#connected = false;
    this.#responded = false;
    this.#discarding = false;
    this.#retries.reset();
    this.host = undefined;
    this.localAddress = undefined;
    this.failure = '';
    if (this.tried.length > 0) this.tried = [];
  }

  /** At the end of the connection: no timer stays. */
  close(): void {
    this.#timers.close();
  }

  onConnected(_tls: TlsInfo | undefined, localAddress: SocketAddress): void {
    this.#connected = true;
    this.localAddress = localAddress;
  }

  onInformational(head: ResponseHead): void {
    this.#stream.onUpstreamInformational(head);
  }

  onHead(head: ResponseHead): void {
    if (this.#retries.afterResponse(head)) return this.#discard(head);
    this.#responded = true;
    this.#timers.tryOver();
    this.#retries.succeeded();
    this.#stream.onUpstreamHead(head);
  }

  onBody(chunk: Buffer): void {
    if (!this.#discarding) this.#stream.onUpstreamBody(chunk);
  }

  onPause(): void {
    this.#stream.onUpstreamPause();
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
    if (this.#responded) return this.#cutShort(cutShortDetails(reason));
    this.#timers.tryOver();
    if (reused && this.#retries.afterStale(reason)) return this.#try();
    if (this.#retries.afterFailure(reason, this.#connected)) return this.#retryLater();
    this.#stream.onLocalReply(upstreamFailure(reason, detail, this.attempts > 1));
  }

  onDrain(): void {
    this.#source.resumeRequest();
  }

  #try(): void {
    const cluster = this.#cluster!;
    const host = cluster.pick(this);
    if (!host) return this.#stream.onLocalReply(NO_HEALTHY_UPSTREAM);
    this.host = host;
    this.#retries.attempts++;
    this.#connected = false;
    const exchange = cluster.open(host, this, this.#decision!.priority, this.#retries.wantsFreshConnection);
    if (!exchange) return this.#stream.onLocalReply(upstreamFailure('overflow', '', this.attempts > 1));
    this.#exchange = exchange;
    this.#sendHead(exchange, host);
    if (this.#sender.sendKept(exchange, this.#retries.possible)) this.#startTimeouts(this.#clock.monotonic());
  }

  #sendHead(exchange: UpstreamExchange, host: UpstreamHost): void {
    const request = this.#request!;
    if (this.#decision!.autoHostRewrite && host.hostname !== '') request.headers.set('host', host.hostname);
    if (request.includeAttemptCount) request.headers.set('x-envoy-attempt-count', String(this.attempts));
    exchange.sendHead(request);
  }

  #startTimeouts(now: number): void {
    this.#timers.startRoute(this.#decision!, now);
    if (!this.#responded && this.#exchange) this.#timers.startTry(this.#decision!, now);
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
    if (this.#retries.afterFailure('per-try-timeout', this.#connected)) this.#retryLater();
    else this.#stream.onLocalReply(PER_TRY_TIMEOUT);
  }

  #cutShort({ flag, details }: ReturnType<typeof cutShortDetails>): void {
    this.#stream.onCutShort(flag, details);
  }

  /** A response without a body ends in this turn and leaves its connection for others; any other is given up. */
  #discard(head: ResponseHead): void {
    this.#timers.tryOver();
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
    this.#timers.tryOver();
    if (this.host && this.#decision!.retry!.hostPredicates.includes('previous-hosts')) this.tried.push(this.host);
    this.#cluster!.stats.rqRetry.increment();
    this.#timers.backOff(this.#retries.backOffMs(this.#dice), () => this.#try());
  }
}
