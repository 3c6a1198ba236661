// What outlier detection keeps of one host: runs of failures, its ejection, and how its requests went.

/** What a request to a host came to: an HTTP status, or a failure before there was one. */
export type Outcome = number | 'local-failure' | 'timeout';

/** A host as the detector sees it; its counters live and die with it. */
export interface WatchedHost {
  readonly outlier: OutlierState;
}

/** Requests since the last interval. */
export class RequestTally {
  total = 0;
  successes = 0;
  /** Percent, of the last interval that had enough requests; -1: none. */
  rate = -1;

  count(success: boolean): void {
    this.total++;
    if (success) this.successes++;
  }

  /** Gives what was counted, and begins anew. */
  take(): { readonly total: number; readonly rate: number } {
    const { total, successes } = this;
    this.total = 0;
    this.successes = 0;
    this.rate = -1;
    return { total, rate: total === 0 ? 0 : (100 * successes) / total };
  }
}

/** Times are the clock's monotonic milliseconds. */
export class OutlierState {
  ejected = false;
  consecutive5xx = 0;
  consecutiveGatewayFailure = 0;
  consecutiveLocalOrigin = 0;
  ejectedAt = 0;
  /** How often in a row: the ejection time grows with it, and it shrinks with every interval without ejection. */
  ejections = 0;
  jitterMs = 0;
  /** Responses, and local failures too where they are not counted apart. */
  readonly responses = new RequestTally();
  /** Connections, where local failures are counted apart. */
  readonly local = new RequestTally();

  clearRuns(): void {
    this.consecutive5xx = 0;
    this.consecutiveGatewayFailure = 0;
    this.consecutiveLocalOrigin = 0;
  }
}
