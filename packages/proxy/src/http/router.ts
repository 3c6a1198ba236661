// Turns a routed request into tries at upstream hosts until one answers: timeouts, retries with back-off, replay of the body.
import type { Hash64, SocketAddress } from '@meltemi/base';
import type { RetryHosts, RouteDecision } from '@meltemi/decide';
import type { Headers, ProxyEnds, ResponseHead, TlsInfo } from '@meltemi/wire';
import type {
  Cluster,
  ConnectionFacts,
  OfferedProtocols,
  PickContext,
  ResetReason,
  UpstreamExchange,
  UpstreamHandler,
  UpstreamHost,
} from '../cluster/cluster.ts';
import { tlsFacts } from '../accesslog/certificate-facts.ts';
import { TriedPriorities } from '../cluster/balance/tried-priorities.ts';
import type { Forwarding } from './forwarding.ts';
import { Hedging, type Racer, type RaceOwner } from './hedging.ts';
import type { HttpSite } from './http-site.ts';
import { RequestBody } from './request-body.ts';
import { leavesOut } from './retry-hosts.ts';
import { type BodySource, RequestSender } from './request-sender.ts';
import { Retries } from './retries.ts';
import type { LocalReply } from './local-reply.ts';
import type { OutgoingRequest, RoutedStream } from './routed-stream.ts';
import type { StreamEntry } from './stream-entry.ts';
import {
  cutShortDetails,
  noHostReply,
  PER_TRY_IDLE,
  PER_TRY_TIMEOUT,
  STREAM_TOO_LONG,
  UPSTREAM_TIMEOUT,
  upstreamFailure,
} from './upstream-failure.ts';
import { TcpExchange } from './tcp-exchange.ts';
import { setTimeoutHeaders } from './timeout-headers.ts';
import { type TimedRequest, UpstreamTimers } from './upstream-timers.ts';

type UpstreamNotes = Pick<
  StreamEntry,
  | 'upstream'
  | 'upstreamHost'
  | 'upstreamLocal'
  | 'upstreamTls'
  | 'upstreamConnection'
  | 'upstreamBeganMs'
  | 'hostsAttempted'
  | 'upstreamRequestAttemptCount'
  | 'upstreamTransportFailureReason'
>;

/** One a connection, used for one request after the other. */
export class Router implements RaceOwner, PickContext, TimedRequest {
  readonly #stream: RoutedStream;
  readonly #source: BodySource;
  readonly #body = new RequestBody();
  readonly #timers: UpstreamTimers;
  readonly #retries: Retries;
  readonly #sender: RequestSender;
  readonly #hedging = new Hedging(this);
  readonly #site: Pick<HttpSite, 'clock' | 'dice' | 'settings'>;
  #cluster: Cluster | undefined;
  #decision: RouteDecision | undefined;
  #request: OutgoingRequest | undefined;
  #exchange: UpstreamExchange | undefined;
  #connected = false;
  #tls: TlsInfo | undefined;
  #responded = false;
  #discarding = false;
  /** The try before took too long. */
  #timedOut = false;
  host: UpstreamHost | undefined;
  localAddress: SocketAddress | undefined;
  #connection: ConnectionFacts | undefined;
  #beganMs: number | undefined;
  /** To which there was a connection, in order, each once. */
  readonly #attempted: UpstreamHost[] = [];
  failure = '';
  hash: Hash64 | undefined;
  subset: PickContext['subset'];
  tried: UpstreamHost[] = [];
  triedPriorities: TriedPriorities | undefined;

  constructor(stream: RoutedStream, source: BodySource, site: Pick<HttpSite, 'clock' | 'dice' | 'settings'>) {
    this.#site = site;
    this.#stream = stream;
    this.#source = source;
    this.#sender = new RequestSender(this.#body, source);
    this.#retries = new Retries(this.#body, () => stream.onRetriesExhausted());
    this.#timers = new UpstreamTimers(site.clock, this);
  }

  get http2(): boolean {
    return this.#stream.http2;
  }

  get offered(): OfferedProtocols | undefined {
    return this.#stream.offered;
  }

  get switches(): boolean {
    return this.#request?.upgrade === true;
  }

  get authority(): string | undefined {
    return this.#decision?.authority;
  }

  get clientEnds(): ProxyEnds {
    return this.#stream.clientEnds;
  }

  get originalDestination(): SocketAddress | undefined {
    return this.#stream.originalDestination;
  }

  get requestHeaders(): Headers | undefined {
    return this.#request?.headers;
  }

  /** Another try goes to any host. */
  get overrideHost(): string | undefined {
    return this.attempts === 0 ? this.#stream.hostBinding?.address : undefined;
  }

  get overrideStrict(): boolean {
    return this.#stream.hostBinding?.strict ?? false;
  }

  get attempts(): number {
    return this.#retries.attempts;
  }

  /** What the access log says of the upstream. */
  noteOn(entry: UpstreamNotes): void {
    entry.upstream = this.host;
    entry.upstreamHost = this.host?.text;
    entry.upstreamLocal = this.localAddress;
    entry.upstreamTls = this.#tls && tlsFacts(this.#tls, this.host?.localUris ?? []);
    entry.upstreamConnection = this.#connection;
    entry.upstreamBeganMs = this.#beganMs;
    entry.hostsAttempted = this.#attempted;
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
    this.subset = decision.subset;
    this.#body.limitTo(decision.rules.bufferLimit);
    const streamMs = decision.maxStreamDurationMs ?? this.#site.settings.timeouts.streamDurationMs;
    if (streamMs > 0) this.#timers.startStream(streamMs, this.#site.clock.monotonic());
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
    this.#hedging.cancel();
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
    this.#connection = undefined;
    this.#beganMs = undefined;
    this.#attempted.length = 0;
    this.#tls = undefined;
    this.failure = '';
    if (this.tried.length > 0) this.tried = [];
    this.triedPriorities = undefined;
  }

  /** At the end of the connection: no timer stays. */
  close(): void {
    this.#timers.close();
  }

  onConnected(tls: TlsInfo | undefined, localAddress: SocketAddress, facts: ConnectionFacts): void {
    this.#connection = facts;
    if (!this.#attempted.includes(this.host!)) this.#attempted.push(this.host!);
    this.#beganMs = this.#site.clock.monotonic();
    this.#tls = tls;
    this.#connected = true;
    this.localAddress = localAddress;
  }

  onInformational(head: ResponseHead): void {
    this.#stream.onUpstreamInformational(head);
  }

  onHead(head: ResponseHead): void {
    if (this.#retries.afterResponse(head, this.#site.clock.now())) return this.#discard(head);
    if (this.#hedging.contested && this.#retries.wants(head)) return this.#leaveRace();
    this.#hedging.cancelRivals();
    if (!this.#redirected(head)) this.#answered(head);
  }

  onRivalHead(rival: Racer, head: ResponseHead): void {
    const others = this.#exchange !== undefined || this.#timers.backsOff || this.#hedging.rivals > 1;
    if (others && this.#retries.wants(head)) return this.#hedging.drop(rival);
    this.#exchange?.reset('cancelled');
    this.#timers.cancelBackOff();
    this.#hedging.win(rival);
    this.#exchange = rival.exchange;
    this.host = rival.host;
    this.localAddress = rival.localAddress;
    this.#connection = rival.connection;
    this.#discarding = false;
    if (!this.#redirected(head)) this.#answered(head);
  }

  onRivalReset(reason: ResetReason, detail: string): void {
    if (this.#exchange || this.#timers.backsOff || this.#hedging.contested) return;
    this.#stream.onLocalReply(upstreamFailure(reason, detail, this.attempts > 1));
  }

  onBody(chunk: Buffer): void {
    if (this.#timers.countsSilence) this.#timers.tryMoved(this.#site.clock.monotonic());
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
    const { reused = false, multiplexed = false } = this.#exchange ?? {};
    this.#exchange = undefined;
    this.failure = reason === 'tls-failure' || reason === 'connect-failure' ? detail : '';
    if (this.#discarding) return this.#retryLater();
    if (this.#responded) return this.#cutShort(cutShortDetails(reason));
    this.#timers.tryOver();
    if (reused && this.#retries.afterStale(reason, multiplexed)) return this.#try();
    if (this.#retries.afterFailure(reason, this.#connected)) return this.#retryLater();
    if (this.#hedging.contested) return;
    this.#stream.onLocalReply(upstreamFailure(reason, detail, this.attempts > 1));
  }

  onDrain(): void {
    this.#source.resumeRequest();
  }

  #try(): void {
    const cluster = this.#cluster!;
    const host = this.#retries.attempts === 0 ? cluster.pick(this) : this.#pickAgain(cluster);
    this.#retries.attempts++;
    if (!host) return this.#stream.onLocalReply(noHostReply(this.#stream.hostBinding));
    this.host = host;
    this.triedPriorities?.note(host.priority);
    this.#connected = false;
    const racer = this.#decision!.hedged ? this.#hedging.begin(host) : undefined;
    const exchange = this.#open(cluster, host, racer ?? this);
    if (racer) racer.exchange = exchange;
    if (!exchange) return this.#stream.onLocalReply(upstreamFailure('overflow', '', this.attempts > 1));
    this.#exchange = exchange;
    this.#sendHead(exchange, host);
    if (this.#sender.sendKept(exchange, this.#retries.possible)) this.#startTimeouts(this.#site.clock.monotonic());
  }

  #open(cluster: Cluster, host: UpstreamHost, handler: UpstreamHandler): UpstreamExchange | undefined {
    const { priority, rules } = this.#decision!;
    if (rules.endsConnect && this.#request!.method === 'CONNECT') {
      return TcpExchange.open(cluster, host, handler, priority);
    }
    return cluster.open(host, handler, priority, this.#retries.wantsFreshConnection);
  }

  #sendHead(exchange: UpstreamExchange, host: UpstreamHost): void {
    const request = this.#request!;
    if (this.#decision!.autoHostRewrite && host.hostname !== '') request.headers.set('host', host.hostname);
    if (request.includeAttemptCount) request.headers.set('x-envoy-attempt-count', String(this.attempts));
    if (this.attempts > 1) this.#announceRetry(request);
    exchange.sendHead(request);
  }

  #startTimeouts(now: number): void {
    this.#timers.startRoute(this.#decision!, now);
    if (!this.#responded && this.#exchange) this.#timers.startTry(this.#decision!, now);
  }

  #announceRetry({ headers }: OutgoingRequest): void {
    const decision = this.#decision!;
    const elapsed = this.#timers.routeElapsed(this.#site.clock.monotonic());
    setTimeoutHeaders(headers, decision, elapsed, headers.has('x-envoy-expected-rq-timeout-ms'));
    if (decision.rules.includeIsTimeoutRetry) headers.set('x-envoy-is-timeout-retry', String(this.#timedOut));
  }

  onRouteTimeout(): void {
    this.#exchange?.reset('timeout');
    this.#exchange = undefined;
    this.#hedging.cancel();
    if (this.#responded) this.#stream.onCutShort('UT', UPSTREAM_TIMEOUT.details);
    else this.#stream.onLocalReply(UPSTREAM_TIMEOUT);
  }

  onTryTimeout(): void {
    if (!this.#responded) this.#tryTooLong(PER_TRY_TIMEOUT);
  }

  onTryIdle(): void {
    this.#tryTooLong(PER_TRY_IDLE);
  }

  onStreamTooLong(): void {
    const reply = this.#body.ended ? STREAM_TOO_LONG : { ...STREAM_TOO_LONG, status: 408 };
    if (this.#responded) this.#stream.onCutShort(reply.flag, reply.details);
    else this.#stream.onLocalReply(reply);
  }

  #tryTooLong(reply: LocalReply): void {
    if (this.#decision!.hedged && !this.#responded) return this.#hedge();
    this.#exchange?.reset('per-try-timeout');
    this.#exchange = undefined;
    if (this.#responded) return this.#stream.onCutShort(reply.flag, reply.details);
    if (this.#retries.afterFailure('per-try-timeout', this.#connected)) this.#retryLater(true);
    else this.#stream.onLocalReply(reply);
  }

  /** The slow try goes on; another begins beside it, where there is one left. */
  #hedge(): void {
    if (!this.#retries.besideSlow()) return;
    this.#hedging.overtake();
    this.#retryLater(true);
  }

  /** This try's answer is bad, and one that takes longer may be better. */
  #leaveRace(): void {
    this.#timers.tryOver();
    this.#exchange?.reset('cancelled');
    this.#exchange = undefined;
    this.#hedging.leave();
  }

  /** Only a request that is whole, and kept, can be sent elsewhere. */
  #redirected(head: ResponseHead): boolean {
    const policy = this.#decision!.rules.internalRedirect;
    if (!policy?.statuses.has(head.status) || !this.#body.ended || !this.#body.replayable) return false;
    if (!this.#stream.onUpstreamRedirect(head, policy)) return false;
    const { chunks, trailers } = this.#body;
    this.cancel();
    this.reset();
    this.#stream.onRedirected(chunks, trailers);
    return true;
  }

  #answered(head: ResponseHead): void {
    this.#responded = true;
    this.#timers.tryAnswered();
    if (head.upgrade) this.#timers.switched();
    if (this.#timers.countsSilence) this.#timers.tryMoved(this.#site.clock.monotonic());
    this.#retries.succeeded();
    this.#stream.onUpstreamHead(head);
  }

  /** Not the hosts that the policy wants to leave out, as long as others are found in so many attempts. */
  #pickAgain(cluster: Cluster): UpstreamHost | undefined {
    const policy = this.#decision!.retry?.hosts;
    let host = cluster.pick(this);
    for (let attempt = 1; host && policy && attempt <= policy.attempts && leavesOut(policy, host); attempt++) {
      host = cluster.pick(this);
    }
    return host;
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

  #retryLater(timedOut = false): void {
    this.#timedOut = timedOut;
    this.#discarding = false;
    this.#exchange = undefined;
    this.#timers.tryOver();
    this.#noteTried(this.#decision!.retry!.hosts);
    this.#cluster!.stats.rqRetry.increment();
    this.#timers.backOff(this.#retries.backOffMs(this.#site.dice), () => this.#try());
  }

  #noteTried({ previousHosts, priorityUpdate }: RetryHosts): void {
    if (!this.host) return;
    if (previousHosts) this.tried.push(this.host);
    if (priorityUpdate === 0 || this.triedPriorities) return;
    this.triedPriorities = new TriedPriorities(priorityUpdate);
    this.triedPriorities.note(this.host.priority);
  }
}
