// Decides after each try whether there is another: by the route's policy, the cluster's limit, and what can be sent again.
import type { Dice } from '@meltemi/base';
import type { ResponseHead } from '@meltemi/wire';
import type { ResetReason } from '../cluster/cluster.ts';
import type { Forwarding } from './forwarding.ts';
import type { RequestBody } from './request-body.ts';
import {
  askedBackOffMs,
  backOffMs,
  isSafeMethod,
  politeBackOffMs,
  retriesFailure,
  retriesResponse,
  type TryFailure,
} from './retry.ts';

/** One a connection, for one request after the other. */
export class Retries {
  readonly #body: RequestBody;
  readonly #onExhausted: () => void;
  #forwarding: Forwarding | undefined;
  #safe = false;
  #replayedStale = false;
  /** What the last response asked for. */
  #askedMs: number | undefined;
  /** Takes one of the places that the cluster has for retries at a time. */
  #holdsPlace = false;
  /** Tries that were begun, the first included. */
  attempts = 0;

  constructor(body: RequestBody, onExhausted: () => void) {
    this.#body = body;
    this.#onExhausted = onExhausted;
  }

  start(forwarding: Forwarding): void {
    this.#forwarding = forwarding;
    this.#safe = isSafeMethod(forwarding.request.method);
  }

  /** The body is worth keeping for another try. */
  get possible(): boolean {
    const decision = this.#forwarding?.decision;
    return this.#safe || (decision?.retry?.on ?? 0) !== 0 || decision?.rules.internalRedirect !== undefined;
  }

  /** `nowMs`: since 1970. */
  afterResponse(head: ResponseHead, nowMs: number): boolean {
    if (!this.wants(head) || !this.#take()) return false;
    this.#askedMs = askedBackOffMs(this.#forwarding!.decision.retry!, head.headers, nowMs);
    return true;
  }

  /** The policy would have another try after this response, whether or not there are any left. */
  wants(head: ResponseHead): boolean {
    const retry = this.#forwarding?.decision.retry;
    return retry !== undefined && retriesResponse(retry, head.status, head.headers);
  }

  /** A hedged try took too long: whatever the policy's conditions, another may begin beside it. */
  besideSlow(): boolean {
    return (this.#forwarding?.decision.retry?.on ?? 0) !== 0 && this.#take();
  }

  /** `connected`: the upstream may have seen the request. */
  afterFailure(failure: TryFailure, connected: boolean): boolean {
    const retry = this.#forwarding?.decision.retry;
    return retry !== undefined && retriesFailure(retry, failure, connected) && this.#take();
  }

  /**
   * The upstream closed a kept-alive connection just as we used it: it never read the request. Once, and only where it is
   * harmless. `multiplexed`: that the upstream refused the request's stream says so too, whatever the request.
   */
  afterStale(reason: ResetReason, multiplexed: boolean): boolean {
    const refused = multiplexed && reason === 'refused';
    if (this.#replayedStale || (reason !== 'connection-termination' && !refused)) return false;
    this.#replayedStale = (this.#safe || refused) && this.#body.replayable;
    return this.#replayedStale;
  }

  /** Pooled connections are not to be trusted for this request any more: others may have been closed at the same time. */
  get wantsFreshConnection(): boolean {
    return this.#replayedStale;
  }

  /** A try got the response that the client gets. */
  succeeded(): void {
    if (!this.#holdsPlace) return;
    const { cluster, counts } = this.#forwarding!;
    cluster.stats.rqRetrySuccess.increment();
    counts?.retrySuccess.increment();
  }

  backOffMs(dice: Dice): number {
    const asked = this.#askedMs;
    const { rqRetryBackoffExponential, rqRetryBackoffRatelimited } = this.#forwarding!.cluster.stats;
    (asked === undefined ? rqRetryBackoffExponential : rqRetryBackoffRatelimited).increment();
    this.#askedMs = undefined;
    return asked === undefined
      ? backOffMs(this.#forwarding!.decision.retry!, this.attempts, dice)
      : politeBackOffMs(asked, dice);
  }

  /** No other try follows. */
  over(): void {
    this.#release();
    this.#forwarding = undefined;
  }

  /** For the next request. */
  reset(): void {
    this.attempts = 0;
    this.#replayedStale = false;
    this.#askedMs = undefined;
  }

  #take(): boolean {
    this.#release();
    const { cluster, decision, counts } = this.#forwarding!;
    const { retry, priority } = decision;
    if (!this.#body.replayable) return false;
    if (this.attempts > retry!.numRetries + (this.#replayedStale ? 1 : 0)) {
      if (retry!.numRetries > 0) this.#onExhausted();
      cluster.stats.rqRetryLimitExceeded.increment();
      counts?.retryLimitExceeded.increment();
      return false;
    }
    this.#holdsPlace = cluster.acquireRetry(priority);
    if (!this.#holdsPlace) counts?.retryOverflow.increment();
    return this.#holdsPlace;
  }

  #release(): void {
    if (this.#holdsPlace) this.#forwarding?.cluster.releaseRetry(this.#forwarding.decision.priority);
    this.#holdsPlace = false;
  }
}
