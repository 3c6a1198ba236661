// Turns a routed request into an answer of its upstream, within the times that its route gives it.
import type { GiveUpCause } from '../cluster/cluster.ts';
import type { Headers } from '@meltemi/wire';
import type { Forwarding } from './forwarding.ts';
import type { LocalReply } from './local-reply.ts';
import { RequestBody } from './request-body.ts';
import type { BodySource } from './request-sender.ts';
import type { RoutedStream } from './routed-stream.ts';
import type { StreamEntry } from './stream-entry.ts';
import type { RouterParts, Tries } from './tries.ts';
import { UpstreamAnswer } from './upstream-answer.ts';
import {
  PER_TRY_IDLE,
  PER_TRY_TIMEOUT,
  STREAM_TOO_LONG,
  UPSTREAM_TIMEOUT,
  UPSTREAM_TOO_LONG,
} from './upstream-failure.ts';
import { type TimedRequest, UpstreamTimers } from './upstream-timers.ts';

/** One a connection, used for one request after the other. */
export class Router implements TimedRequest {
  readonly #stream: RoutedStream;
  readonly #site: RouterParts['site'];
  readonly #body = new RequestBody();
  readonly #timers: UpstreamTimers;
  readonly #answer: UpstreamAnswer;
  readonly #tries: Tries;

  constructor(stream: RoutedStream, source: BodySource, site: RouterParts['site']) {
    this.#stream = stream;
    this.#site = site;
    this.#timers = new UpstreamTimers(site.clock, this);
    this.#answer = new UpstreamAnswer({ stream, source, site, body: this.#body, timers: this.#timers });
    this.#tries = this.#answer.tries;
  }

  get attempts(): number {
    return this.#tries.retries.attempts;
  }

  /** What the access log says of the upstream. */
  noteOn(entry: StreamEntry): void {
    this.#tries.upstream.noteOn(entry, this.attempts);
  }

  route(forwarding: Forwarding): void {
    const { maxStreamDurationMs, rules } = forwarding.decision;
    this.#body.limitTo(rules.bufferLimit);
    const streamMs = maxStreamDurationMs ?? this.#site.settings.timeouts.streamDurationMs;
    if (streamMs > 0) this.#timers.startStream(streamMs, this.#site.clock.monotonic());
    this.#tries.start(forwarding);
  }

  /** A chunk of the request's body; before `route` it is kept. */
  sendBody(chunk: Buffer): void {
    this.#tries.sender.send(chunk, this.#tries.exchange);
  }

  /** `now`: monotonic milliseconds. */
  end(trailers: Headers | undefined, now: number): void {
    this.#tries.sender.end(trailers, this.#tries.exchange);
    if (this.#tries.forwarding) this.#tries.startTimeouts(now);
  }

  /** The client is gone, or got another answer: nothing is heard of the upstream any more. */
  cancel(): void {
    this.#tries.exchange?.reset('cancelled');
    this.#tries.hedging.cancel();
    this.finish();
  }

  pauseResponse(): void {
    this.#tries.exchange?.pauseReading();
  }

  resumeResponse(): void {
    this.#tries.exchange?.resumeReading();
  }

  /** Ready for the next request. */
  finish(): void {
    this.#tries.over();
    this.#timers.clear();
  }

  /** Forgets what the access log still wanted of the last request. */
  reset(): void {
    this.#body.reset();
    this.#tries.reset();
    this.#answer.reset();
  }

  /** At the end of the connection: no timer stays. */
  close(): void {
    this.#timers.close();
  }

  onRouteTimeout(): void {
    this.#tries.giveUp('timeout');
    this.#tries.hedging.cancel();
    this.#tries.forwarding!.counts?.timeout.increment();
    this.#tooLong(UPSTREAM_TIMEOUT);
  }

  onTryTimeout(): void {
    if (!this.#answer.responded) this.#tryTooLong(PER_TRY_TIMEOUT, 'per-try-timeout');
  }

  onTryIdle(): void {
    this.#tryTooLong(PER_TRY_IDLE, 'per-try-idle-timeout');
  }

  onUpstreamTooLong(): void {
    const { retries, forwarding } = this.#tries;
    forwarding!.cluster.stats.rqMaxDurationReached.increment();
    this.#tries.giveUp('cancelled');
    const again = !this.#answer.responded && retries.afterFailure('reset', true);
    if (again) this.#tries.retryLater(false);
    else this.#tooLong(this.#blaming(UPSTREAM_TOO_LONG));
  }

  onStreamTooLong(): void {
    this.#tooLong(this.#blaming(STREAM_TOO_LONG));
  }

  #tryTooLong(reply: LocalReply, cause: GiveUpCause): void {
    const { responded } = this.#answer;
    const { retries, forwarding, connected } = this.#tries;
    if (forwarding!.decision.hedged && !responded) return this.#tries.hedge();
    this.#tries.giveUp(cause);
    const again = !responded && retries.afterFailure('per-try-timeout', connected);
    if (again) this.#tries.retryLater(true);
    else this.#tooLong(reply);
  }

  /** A client that is not done with its request is told that it was too slow. */
  #blaming(reply: LocalReply): LocalReply {
    return this.#body.ended ? reply : { ...reply, status: 408 };
  }

  #tooLong(reply: LocalReply): void {
    if (this.#answer.responded) this.#stream.onCutShort(reply.flag, reply.details);
    else this.#tries.fail(reply);
  }
}
