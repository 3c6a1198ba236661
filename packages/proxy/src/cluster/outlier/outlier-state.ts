// What outlier detection keeps of one host: what it is counted by, and its ejection.
import { localCounters } from '../../workers/shared-counters.ts';
import { type OpenCell, OutlierCounts } from './outlier-counts.ts';

/** What a request to a host came to: an HTTP status, or a failure before there was one. */
export type Outcome = number | 'local-failure' | 'timeout';

/** A host as the detector sees it; its counters live and die with it. */
export interface WatchedHost {
  readonly outlier: OutlierState;
  /** `ip:port`: the same host in every worker. */
  readonly text: string;
}

/** Times are the clock's monotonic milliseconds. */
export class OutlierState {
  ejected = false;
  ejectedAt = 0;
  /** How often in a row: the ejection time grows with it, and it shrinks with every interval without ejection. */
  ejections = 0;
  jitterMs = 0;
  #counts: OutlierCounts | undefined;

  /** Of a host that nobody watches: none. */
  get rates(): { readonly responses: number; readonly local: number } {
    return { responses: this.#counts?.responses.rate ?? -1, local: this.#counts?.local.rate ?? -1 };
  }

  /** Made when it is watched first. */
  counts(cell: OpenCell = (name) => localCounters.cell(name)): OutlierCounts {
    return (this.#counts ??= new OutlierCounts(cell));
  }

  /** Nobody watches any more. */
  close(): void {
    this.#counts?.close();
    this.#counts = undefined;
  }
}
