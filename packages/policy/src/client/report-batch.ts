// Attributes of requests → reports of many, sent when there are enough or after a while.
import type { ReportRequest } from '@meltemi/api/istio/mixer/v1/mixer_pb';
import type { Clock, Timer } from '@meltemi/base';

import { encodeReports } from '../attributes/delta-report.ts';
import type { Value } from '../values/value.ts';

export interface ReportBatchOptions {
  readonly clock: Clock;
  readonly maxEntries: number;
  /** How long a request waits at most. */
  readonly maxWaitMs: number;
  readonly send: (report: ReportRequest) => Promise<unknown>;
  /** Requests that were not reported. */
  readonly lost: (count: number, cause: unknown) => void;
}

/** So many reports are on their way at most: with a Mixer that hangs, memory must not grow. */
const MAX_SENDING = 16;

export class ReportBatch {
  readonly #options: ReportBatchOptions;
  readonly #sending = new Set<Promise<void>>();
  #waiting: ReadonlyMap<string, Value>[] = [];
  #timer: Timer | undefined;

  constructor(options: ReportBatchOptions) {
    this.#options = options;
  }

  /** They stay as they are until they are sent. */
  add(attributes: ReadonlyMap<string, Value>): void {
    const { clock, maxEntries, maxWaitMs } = this.#options;
    this.#waiting.push(attributes);
    if (this.#waiting.length >= maxEntries) this.#flush();
    else this.#timer ??= clock.after(maxWaitMs, () => this.#flush());
  }

  /** Sends what waits, and waits until all is answered. */
  async close(): Promise<void> {
    this.#flush();
    await Promise.all(this.#sending);
  }

  #flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const requests = this.#waiting;
    this.#waiting = [];
    for (const report of encodeReports(requests)) this.#send(report);
  }

  #send(report: ReportRequest): void {
    const { send, lost } = this.#options;
    const count = report.attributes.length;
    if (this.#sending.size >= MAX_SENDING) return lost(count, new Error('Mixer does not keep up with reports'));
    const sent: Promise<void> = send(report)
      .then(
        () => undefined,
        (cause: unknown) => lost(count, cause),
      )
      .finally(() => this.#sending.delete(sent));
    this.#sending.add(sent);
  }
}
