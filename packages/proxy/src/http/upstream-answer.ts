// Hears what the tries of a request come to, and says what becomes of it: an answer for the client, another try, a redirect that is followed.
import type { SocketAddress } from '@meltemi/base';
import type { Headers, ProxyEnds, ResponseHead, TlsInfo } from '@meltemi/wire';
import type { ConnectionFacts, OfferedProtocols, ResetReason } from '../cluster/cluster.ts';
import type { Racer } from './hedging.ts';
import { type RouterParts, Tries, type TriesOwner } from './tries.ts';
import { cutShortDetails, upstreamFailure } from './upstream-failure.ts';

/** One a connection, for one request after the other. */
export class UpstreamAnswer implements TriesOwner {
  readonly #parts: RouterParts;
  readonly tries: Tries;
  responded = false;
  /** The rest of a response that is not wanted ends in this turn. */
  #discarding = false;

  constructor(parts: RouterParts) {
    this.#parts = parts;
    this.tries = new Tries(this, parts);
  }

  get http2(): boolean {
    return this.#parts.stream.client.http2 === true;
  }

  get offered(): OfferedProtocols | undefined {
    return this.#parts.stream.request.offered;
  }

  get switches(): boolean {
    return this.tries.forwarding?.request.upgrade === true;
  }

  get spelled(): boolean {
    return this.tries.forwarding?.request.headers.spelling !== undefined;
  }

  get authority(): string | undefined {
    return this.tries.forwarding?.decision.authority;
  }

  get clientEnds(): ProxyEnds {
    const { remote, local } = this.#parts.stream.client;
    return { source: remote, destination: local };
  }

  /** For the next request. */
  reset(): void {
    this.responded = false;
    this.#discarding = false;
  }

  onConnected(tls: TlsInfo | undefined, localAddress: SocketAddress, facts: ConnectionFacts): void {
    const now = this.#parts.site.clock.monotonic();
    this.tries.connected = true;
    this.tries.forwarding?.counts?.total.increment();
    this.tries.upstream.connected(tls, localAddress, facts, now);
    this.#parts.timers.tryConnected(this.tries.forwarding!.cluster.streamDurationMs, now);
  }

  onInformational(head: ResponseHead): void {
    this.#parts.stream.onUpstreamInformational(head);
  }

  onHead(head: ResponseHead): void {
    const { retries, hedging } = this.tries;
    if (retries.afterResponse(head, this.#parts.site.clock.now())) return this.#discard(head);
    if (hedging.contested && retries.wants(head)) return this.#leaveRace();
    hedging.cancelRivals();
    if (!this.#redirected(head)) this.#answered(head);
  }

  onRivalHead(rival: Racer, head: ResponseHead): void {
    const { tries } = this;
    const { timers } = this.#parts;
    const others = tries.exchange !== undefined || timers.backsOff || tries.hedging.rivals > 1;
    if (others && tries.retries.wants(head)) return tries.hedging.drop(rival);
    tries.giveUp('cancelled');
    timers.cancelBackOff();
    tries.hedging.win(rival);
    tries.exchange = rival.exchange;
    tries.upstream.adopt(rival);
    this.#discarding = false;
    if (!this.#redirected(head)) this.#answered(head);
  }

  onRivalReset(reason: ResetReason, detail: string): void {
    if (this.tries.exchange || this.#parts.timers.backsOff || this.tries.hedging.contested) return;
    this.#failed(reason, detail);
  }

  onBody(chunk: Buffer): void {
    this.#moved();
    if (!this.#discarding) this.#parts.stream.onUpstreamBody(chunk);
  }

  onPause(): void {
    this.#parts.stream.onUpstreamPause();
  }

  onEnd(trailers: Headers | undefined): void {
    this.tries.exchange = undefined;
    if (this.#discarding) return this.#retryLater();
    this.#noteTime();
    this.#parts.stream.onUpstreamEnd(trailers);
  }

  onReset(reason: ResetReason, detail: string): void {
    const { tries } = this;
    const { reused = false, multiplexed = false } = tries.exchange ?? {};
    tries.exchange = undefined;
    tries.upstream.failure = reason === 'tls-failure' || reason === 'connect-failure' ? detail : '';
    if (this.#discarding) return this.#retryLater();
    if (this.responded) return this.#cutShort(reason);
    this.#parts.timers.tryOver();
    if (reused && tries.retries.afterStale(reason, multiplexed)) return tries.begin();
    if (tries.retries.afterFailure(reason, tries.connected)) return this.#retryLater();
    if (!tries.hedging.contested) this.#failed(reason, detail);
  }

  onDrain(): void {
    this.#parts.source.resumeRequest();
  }

  /** A response without a body ends in this turn and leaves its connection for others; any other is given up. */
  #discard(head: ResponseHead): void {
    this.#parts.timers.tryOver();
    if (head.bodyLength === 0) {
      this.#discarding = true;
      return;
    }
    this.tries.giveUp('cancelled');
    this.#retryLater();
  }

  #retryLater(): void {
    this.#discarding = false;
    this.tries.retryLater(false);
  }

  /** This try's answer is bad, and one that takes longer may be better. */
  #leaveRace(): void {
    this.#parts.timers.tryOver();
    this.tries.giveUp('cancelled');
    this.tries.hedging.leave();
  }

  /** Only a request that is whole, and kept, can be sent elsewhere. */
  #redirected(head: ResponseHead): boolean {
    const { stream, body } = this.#parts;
    const policy = this.tries.forwarding!.decision.rules.internalRedirect;
    if (!policy?.statuses.has(head.status) || !body.ended || !body.replayable) return false;
    if (!stream.onUpstreamRedirect(head, policy)) return false;
    stream.onRedirected(body.chunks, body.trailers);
    return true;
  }

  #answered(head: ResponseHead): void {
    const { timers, stream } = this.#parts;
    this.responded = true;
    timers.tryAnswered();
    if (head.upgrade) timers.switched();
    this.#moved();
    this.tries.retries.succeeded();
    this.tries.forwarding!.counts?.countStatus(head.status);
    stream.onUpstreamHead(head);
  }

  #noteTime(): void {
    const counts = this.tries.forwarding?.counts;
    const { site, stream, body } = this.#parts;
    if (counts && body.ended) counts.time.record(site.clock.monotonic() - stream.request.endedMs);
  }

  /** Silences count anew. */
  #moved(): void {
    const { timers, site } = this.#parts;
    if (timers.countsSilence) timers.tryMoved(site.clock.monotonic());
  }

  #failed(reason: ResetReason, detail: string): void {
    this.tries.fail(upstreamFailure(reason, detail, this.tries.retries.attempts > 1));
  }

  #cutShort(reason: ResetReason): void {
    const { flag, details } = cutShortDetails(reason);
    this.#parts.stream.onCutShort(flag, details);
  }
}
