// Decides after each try whether there is another: by the route's policy, the cluster's limit, and what can be sent again.
import type { Dice } from '@meltemi/base';
import type { RouteDecision } from '@meltemi/decide';
import type { ResponseHead } from '@meltemi/wire';
import type { Cluster, ResetReason } from '../cluster/cluster.ts';
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
  #cluster: Cluster | undefined;
  #decision: RouteDecision | undefined;
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

  start(cluster: Cluster, decision: RouteDecision, method: string): void {
    this.#cluster = cluster;
    this.#decision = decision;
    this.#safe = isSafeMethod(method);
  }

  /** The body is worth keeping for another try. */
  get possible(): boolean {
    const decision = this.#decision;
    return this.#safe || (decision?.retry?.on ?? 0) !== 0 || decision?.rules.internalRedirect !== undefined;
  }

  /** `nowMs`: since 1970. */
  afterResponse(head: ResponseHead, nowMs: number): boolean {
    if (!this.wants(head) || !this.#take()) return false;
    this.#askedMs = askedBackOffMs(this.#decision!.retry!, head.headers, nowMs);
    return true;
  }

  /** The policy would have another try after this response, whether or not there are any left. */
  wants(head: ResponseHead): boolean {
    const retry = this.#decision?.retry;
    return retry !== undefined && retriesResponse(retry, head.status, head.headers);
  }

  /** A hedged try took too long: whatever the policy's conditions, another may begin beside it. */
  besideSlow(): boolean {
    return (this.#decision?.retry?.on ?? 0) !== 0 && this.#take();
  }

  /** `connected`: the upstream may have seen the request. */
  afterFailure(failure: TryFailure, connected: boolean): boolean {
    const retry = this.#decision?.retry;
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
    if (this.#holdsPlace) this.#cluster!.stats.rqRetrySuccess.increment();
  }

  backOffMs(dice: Dice): number {
    const asked = this.#askedMs;
    this.#askedMs = undefined;
    return asked === undefined ? backOffMs(this.#decision!.retry!, this.attempts, dice) : politeBackOffMs(asked, dice);
  }

  /** No other try follows. */
  over(): void {
    this.#release();
    this.#cluster = undefined;
    this.#decision = undefined;
  }

  /** For the next request. */
  reset(): void {
    this.attempts = 0;
    this.#replayedStale = false;
    this.#askedMs = undefined;
  }

  #take(): boolean {
    this.#release();
    const { retry, priority } = this.#decision!;
    if (!this.#body.replayable) return false;
    if (this.attempts > retry!.numRetries + (this.#replayedStale ? 1 : 0)) {
      if (retry!.numRetries > 0) this.#onExhausted();
      this.#cluster!.stats.rqRetryLimitExceeded.increment();
      return false;
    }
    this.#holdsPlace = this.#cluster!.acquireRetry(priority);
    return this.#holdsPlace;
  }

  #release(): void {
    if (this.#holdsPlace) this.#cluster?.releaseRetry(this.#decision?.priority);
    this.#holdsPlace = false;
  }
}
