// Counts failures in a row and requests of one host, in cells that all workers share.
import type { CounterCell } from '../../workers/shared-counters.ts';
import type { OutlierSettings } from '../settings/outlier-settings.ts';

type RunLimits = OutlierSettings['consecutive'];
type RunKind = keyof RunLimits;

/** The same name is the same number in all workers. */
export type OpenCell = (name: string) => CounterCell;

/** Failures in a row, of one kind. */
export class FailureRun {
  readonly #cell: CounterCell;

  constructor(cell: CounterCell) {
    this.#cell = cell;
  }

  /** One more. True: there are so many now, and it begins anew. */
  reaches(limit: number): boolean {
    if (this.#cell.add(1) !== limit) return false;
    this.end();
    return true;
  }

  /** The fast path, at every success: mostly nothing is to be taken back. */
  end(): void {
    const { value } = this.#cell;
    if (value !== 0) this.#cell.add(-value);
  }

  close(): void {
    this.end();
    this.#cell.close();
  }
}

/** Requests since the last interval. */
export class RequestTally {
  readonly #total: CounterCell;
  readonly #successes: CounterCell;
  /** Percent, of the last interval that had enough requests; -1: none. */
  rate = -1;

  constructor(total: CounterCell, successes: CounterCell) {
    this.#total = total;
    this.#successes = successes;
  }

  count(success: boolean): void {
    this.#total.add(1);
    if (success) this.#successes.add(1);
  }

  /** Gives what was counted, and begins anew. */
  take(): { readonly total: number; readonly rate: number } {
    const total = this.#total.value;
    const successes = this.#successes.value;
    this.#total.add(-total);
    this.#successes.add(-successes);
    this.rate = -1;
    return { total, rate: total === 0 ? 0 : (100 * successes) / total };
  }

  close(): void {
    this.take();
    this.#total.close();
    this.#successes.close();
  }
}

/** What is counted of a host by all workers together. */
export class OutlierCounts {
  readonly serverErrors: FailureRun;
  readonly gatewayFailures: FailureRun;
  readonly localFailures: FailureRun;
  /** Responses, and local failures too where they are not counted apart. */
  readonly responses: RequestTally;
  /** Connections, where local failures are counted apart. */
  readonly local: RequestTally;

  constructor(cell: OpenCell) {
    this.serverErrors = new FailureRun(cell('5xx'));
    this.gatewayFailures = new FailureRun(cell('gateway'));
    this.localFailures = new FailureRun(cell('local'));
    this.responses = new RequestTally(cell('responses'), cell('successes'));
    this.local = new RequestTally(cell('connects'), cell('connected'));
  }

  /** `found`: a run became as long as it may be, and begins anew. */
  response(status: number, limits: RunLimits, found: (kind: RunKind) => void): void {
    this.responses.count(status < 500);
    if (status < 500) {
      this.serverErrors.end();
      this.gatewayFailures.end();
      return;
    }
    if (status < 502 || status > 504) this.gatewayFailures.end();
    else if (this.gatewayFailures.reaches(limits.consecutive_gateway_failure)) found('consecutive_gateway_failure');
    if (this.serverErrors.reaches(limits.consecutive_5xx)) found('consecutive_5xx');
  }

  /** Where local failures are counted apart. */
  localFailure(limits: RunLimits, found: (kind: RunKind) => void): void {
    this.local.count(false);
    if (this.localFailures.reaches(limits.consecutive_local_origin_failure)) found('consecutive_local_origin_failure');
  }

  endRuns(): void {
    this.serverErrors.end();
    this.gatewayFailures.end();
    this.localFailures.end();
  }

  close(): void {
    for (const each of [this.serverErrors, this.gatewayFailures, this.localFailures, this.responses, this.local]) {
      each.close();
    }
  }
}
