// Begins the tries of a request: a host, an exchange with it, the head, what came of the body; and the waiting between them.
import type { UpstreamExchange, UpstreamHandler, UpstreamHost } from '../cluster/cluster.ts';
import type { Forwarding } from './forwarding.ts';
import { Hedging, type RaceOwner } from './hedging.ts';
import { HostPick } from './host-pick.ts';
import type { HttpSite } from './http-site.ts';
import type { LocalReply } from './local-reply.ts';
import type { RequestBody } from './request-body.ts';
import { type BodySource, RequestSender } from './request-sender.ts';
import { Retries } from './retries.ts';
import type { OutgoingRequest, RoutedStream } from './routed-stream.ts';
import { TcpExchange } from './tcp-exchange.ts';
import { setTimeoutHeaders } from './timeout-headers.ts';
import { noHostReply, upstreamFailure } from './upstream-failure.ts';
import { UpstreamRecord } from './upstream-record.ts';
import type { UpstreamTimers } from './upstream-timers.ts';

/** What a router and its parts work with; one a connection, for one request after the other. */
export interface RouterParts {
  readonly stream: RoutedStream;
  readonly source: BodySource;
  readonly site: Pick<HttpSite, 'clock' | 'dice' | 'settings'>;
  readonly body: RequestBody;
  readonly timers: UpstreamTimers;
}

/** Who hears of the tries. */
export interface TriesOwner extends RaceOwner {
  /** The response that the client gets began. */
  readonly responded: boolean;
}

/** One a connection, for one request after the other. Every `now` is monotonic milliseconds. */
export class Tries {
  readonly #owner: TriesOwner;
  readonly #parts: RouterParts;
  readonly #pick: HostPick;
  readonly sender: RequestSender;
  readonly retries: Retries;
  readonly hedging: Hedging;
  readonly upstream = new UpstreamRecord();
  /** Of the request that is on. */
  forwarding: Forwarding | undefined;
  /** Of the try that is on. */
  exchange: UpstreamExchange | undefined;
  /** That try's upstream may have seen the request. */
  connected = false;
  /** The try before took too long. */
  #timedOut = false;

  constructor(owner: TriesOwner, parts: RouterParts) {
    this.#owner = owner;
    this.#parts = parts;
    this.#pick = new HostPick(parts.stream);
    this.sender = new RequestSender(parts.body, parts.source);
    this.retries = new Retries(parts.body, () => parts.stream.onRetriesExhausted());
    this.hedging = new Hedging(owner);
  }

  start(forwarding: Forwarding): void {
    this.forwarding = forwarding;
    this.#pick.start(forwarding);
    this.sender.start(forwarding.mirrors);
    this.retries.start(forwarding);
    this.begin();
  }

  /** A try begins, or the stream hears why it can't. */
  begin(): void {
    const { stream, site } = this.#parts;
    const forwarding = this.forwarding!;
    const host = this.#pick.pick(forwarding);
    this.retries.attempts++;
    if (!host) return this.fail(noHostReply(stream.request.hostBinding));
    this.upstream.host = host;
    this.connected = false;
    const exchange = this.#open(forwarding, host);
    if (!exchange) return this.fail(upstreamFailure('overflow', '', this.retries.attempts > 1));
    this.exchange = exchange;
    this.#sendHead(exchange, host, forwarding);
    if (this.sender.sendKept(exchange, this.retries.possible)) this.startTimeouts(site.clock.monotonic());
  }

  /** The request is whole: its times begin. */
  startTimeouts(now: number): void {
    const { timers } = this.#parts;
    const { decision } = this.forwarding!;
    timers.startRoute(decision, now);
    if (!this.#owner.responded && this.exchange) timers.startTry(decision, now);
  }

  /** The try that is on is over; another begins after a while. */
  retryLater(timedOut: boolean): void {
    const { timers, site } = this.#parts;
    const { cluster, decision, counts } = this.forwarding!;
    this.#timedOut = timedOut;
    this.exchange = undefined;
    timers.tryOver();
    if (this.upstream.host) this.#pick.noteTried(this.upstream.host, decision.retry!.hosts);
    cluster.stats.rqRetry.increment();
    counts?.retry.increment();
    timers.backOff(this.retries.backOffMs(site.dice), () => this.begin());
  }

  /** The client gets our own answer. */
  fail(reply: LocalReply): void {
    this.forwarding!.counts?.countStatus(reply.status);
    this.#parts.stream.onLocalReply(reply);
  }

  /** The slow try goes on; another begins beside it, where there is one left. */
  hedge(): void {
    if (!this.retries.besideSlow()) return;
    this.hedging.overtake();
    this.retryLater(true);
  }

  /** Nothing is heard any more of the try that is on. */
  giveUp(reason: Parameters<UpstreamExchange['reset']>[0]): void {
    this.exchange?.reset(reason);
    this.exchange = undefined;
  }

  /** No other try follows. */
  over(): void {
    this.sender.over();
    this.retries.over();
    this.exchange = undefined;
    this.forwarding = undefined;
  }

  /** For the next request. */
  reset(): void {
    this.connected = false;
    this.retries.reset();
    this.upstream.reset();
    this.#pick.reset();
  }

  #open({ cluster, decision, request }: Forwarding, host: UpstreamHost): UpstreamExchange | undefined {
    const racer = decision.hedged ? this.hedging.begin(host) : undefined;
    const handler: UpstreamHandler = racer ?? this.#owner;
    const tunnels = decision.rules.endsConnect && request.method === 'CONNECT';
    const exchange = tunnels
      ? TcpExchange.open(cluster, host, handler, decision.priority)
      : cluster.open(host, handler, decision.priority, this.retries.wantsFreshConnection);
    if (racer) racer.exchange = exchange;
    return exchange;
  }

  #sendHead(exchange: UpstreamExchange, host: UpstreamHost, { decision, request }: Forwarding): void {
    if (decision.autoHostRewrite && host.hostname !== '') request.headers.set('host', host.hostname);
    if (request.includeAttemptCount) request.headers.set('x-envoy-attempt-count', String(this.retries.attempts));
    if (this.retries.attempts > 1) this.#announceRetry(request);
    exchange.sendHead(request);
  }

  #announceRetry({ headers }: OutgoingRequest): void {
    const { timers, site } = this.#parts;
    const { decision } = this.forwarding!;
    const elapsed = timers.routeElapsed(site.clock.monotonic());
    setTimeoutHeaders(headers, decision, elapsed, headers.has('x-envoy-expected-rq-timeout-ms'));
    if (decision.rules.includeIsTimeoutRetry) headers.set('x-envoy-is-timeout-retry', String(this.#timedOut));
  }
}
