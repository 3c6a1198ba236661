// The times that a request has at its upstream: for the whole response, for each try, and between tries.
import type { Clock, Timer } from '@meltemi/base';
import type { RouteDecision } from '@meltemi/decide';
import { Deadline } from './deadline.ts';

/** One a connection, for one request after the other. */
export class UpstreamTimers {
  readonly #clock: Clock;
  readonly #route: Deadline;
  readonly #try: Deadline;
  #backOff: Timer | undefined;
  #routeStarted = false;

  constructor(clock: Clock, onRouteTimeout: () => void, onTryTimeout: () => void) {
    this.#clock = clock;
    this.#route = new Deadline(clock, onRouteTimeout);
    this.#try = new Deadline(clock, onTryTimeout);
  }

  /** The request is whole: the route's time counts from here, once. `now`: monotonic milliseconds. */
  startRoute({ timeoutMs }: RouteDecision, now: number): void {
    if (timeoutMs > 0 && !this.#routeStarted) this.#route.set(now + timeoutMs);
    this.#routeStarted = true;
  }

  /** A try counts from the end of the request, or from its own start where that is later. */
  startTry({ retry }: RouteDecision, now: number): void {
    const perTry = retry?.perTryTimeoutMs ?? 0;
    if (perTry > 0) this.#try.set(now + perTry);
  }

  tryOver(): void {
    this.#try.clear();
  }

  backOff(ms: number, tryAgain: () => void): void {
    this.#backOff = this.#clock.after(ms, () => {
      this.#backOff = undefined;
      tryAgain();
    });
  }

  /** Ready for the next request. */
  clear(): void {
    this.#route.clear();
    this.#try.clear();
    this.#backOff?.cancel();
    this.#backOff = undefined;
    this.#routeStarted = false;
  }

  /** No timer stays. */
  close(): void {
    this.clear();
    this.#route.close();
    this.#try.close();
  }
}
