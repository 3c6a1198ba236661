// The times that a request has at its upstream: for the whole response, for each try and its silences, and between tries; and for the stream itself.
import type { Clock, Timer } from '@meltemi/base';
import type { RouteDecision } from '@meltemi/decide';
import { Deadline } from './deadline.ts';

/** What is called when a time is over. */
export interface TimedRequest {
  onRouteTimeout(): void;
  onTryTimeout(): void;
  onTryIdle(): void;
  onUpstreamTooLong(): void;
  onStreamTooLong(): void;
}

/** One a connection, for one request after the other. Every `now` is monotonic milliseconds. */
export class UpstreamTimers {
  readonly #clock: Clock;
  readonly #owner: TimedRequest;
  readonly #route: Deadline;
  readonly #try: Deadline;
  /** Made for the first request that needs it, as few do. */
  #idle: Deadline | undefined;
  #upstream: Deadline | undefined;
  #stream: Deadline | undefined;
  #backOff: Timer | undefined;
  #idleMs = 0;
  #routeStartedAt = 0;

  constructor(clock: Clock, owner: TimedRequest) {
    this.#clock = clock;
    this.#owner = owner;
    this.#route = new Deadline(clock, () => owner.onRouteTimeout());
    this.#try = new Deadline(clock, () => owner.onTryTimeout());
  }

  /** A try waits to begin. */
  get backsOff(): boolean {
    return this.#backOff !== undefined;
  }

  /** The request is whole: the route's time counts from here, once. */
  startRoute({ timeoutMs }: RouteDecision, now: number): void {
    if (this.#routeStartedAt > 0) return;
    this.#routeStartedAt = now;
    if (timeoutMs > 0) this.#route.set(now + timeoutMs);
  }

  /** Milliseconds of the route's time that are over. */
  routeElapsed(now: number): number {
    return this.#routeStartedAt > 0 ? now - this.#routeStartedAt : 0;
  }

  /** A try counts from the end of the request, or from its own start where that is later. */
  startTry({ retry }: RouteDecision, now: number): void {
    if (!retry) return;
    if (retry.perTryTimeoutMs > 0) this.#try.set(now + retry.perTryTimeoutMs);
    this.#idleMs = retry.perTryIdleTimeoutMs;
    this.tryMoved(now);
  }

  /** The try has its connection. `ms`: how long it may take from here on; 0: no limit. */
  tryConnected(ms: number, now: number): void {
    if (ms === 0) return;
    this.#upstream ??= new Deadline(this.#clock, () => this.#owner.onUpstreamTooLong());
    this.#upstream.set(now + ms);
  }

  /** The upstream of the try that is on did something. */
  tryMoved(now: number): void {
    if (this.#idleMs === 0) return;
    this.#idle ??= new Deadline(this.#clock, () => this.#owner.onTryIdle());
    this.#idle.set(now + this.#idleMs);
  }

  /** True where silences of the try that is on count. */
  get countsSilence(): boolean {
    return this.#idleMs > 0;
  }

  /** The response began: what counts from here on are silences. */
  tryAnswered(): void {
    this.#try.clear();
  }

  /** A tunnel lasts as long as it likes. */
  switched(): void {
    this.#route.clear();
  }

  tryOver(): void {
    this.#try.clear();
    this.#idle?.clear();
    this.#upstream?.clear();
    this.#idleMs = 0;
  }

  /** `ms`: 0: no limit. */
  startStream(ms: number, now: number): void {
    if (ms === 0) return;
    this.#stream ??= new Deadline(this.#clock, () => this.#owner.onStreamTooLong());
    this.#stream.set(now + ms);
  }

  backOff(ms: number, tryAgain: () => void): void {
    this.#backOff = this.#clock.after(ms, () => {
      this.#backOff = undefined;
      tryAgain();
    });
  }

  cancelBackOff(): void {
    this.#backOff?.cancel();
    this.#backOff = undefined;
  }

  /** Ready for the next request. */
  clear(): void {
    this.#route.clear();
    this.tryOver();
    this.#stream?.clear();
    this.cancelBackOff();
    this.#routeStartedAt = 0;
  }

  /** No timer stays. */
  close(): void {
    this.clear();
    this.#route.close();
    this.#try.close();
    this.#idle?.close();
    this.#upstream?.close();
    this.#stream?.close();
  }
}
