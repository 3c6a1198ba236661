// Sends encoded spans in batches by calls to a cluster; a collector that is slow or away loses spans, and nothing else.
import type { Clock } from '@meltemi/base';
import type { Counter, StatsScope } from '@meltemi/telemetry';
import { Batch } from '../call/batch.ts';

/** Envoy's defaults. */
const FLUSH_SPANS = 5;
const FLUSH_MS = 5000;
const FLUSH_BYTES = 256 * 1024;
/** On their way at a time. */
const MAX_CALLS = 4;

/** What became of a batch; `no-cluster`: there was nobody to send it to. */
export type ExportOutcome = 'taken' | 'refused' | 'no-cluster';

/** Calls `done` once, in a later turn. */
export type SendSpans = (spans: readonly Uint8Array[], done: (outcome: ExportOutcome) => void) => void;

export class SpanExporter {
  readonly #send: SendSpans;
  readonly #batch: Batch;
  readonly #counts: ExportCounts;
  #calls = 0;

  constructor(send: SendSpans, clock: Clock, scope: StatsScope) {
    this.#send = send;
    this.#counts = exportCounts(scope);
    this.#batch = new Batch({ bytes: FLUSH_BYTES, items: FLUSH_SPANS, intervalMs: FLUSH_MS }, clock, (spans) =>
      this.#export(spans),
    );
  }

  add(span: Uint8Array): void {
    if (!this.#batch.add(span)) this.#counts.spansDropped.increment();
  }

  close(): void {
    this.#counts.spansDropped.add(this.#batch.close());
  }

  #export(spans: readonly Uint8Array[]): boolean {
    if (this.#calls >= MAX_CALLS) return false;
    this.#calls++;
    this.#send(spans, (outcome) => this.#settle(outcome, spans.length));
    return true;
  }

  #settle(outcome: ExportOutcome, spans: number): void {
    this.#calls--;
    const { spansSent, spansDropped, reportsSent, reportsDropped, reportsSkipped } = this.#counts;
    (outcome === 'taken' ? spansSent : spansDropped).add(spans);
    if (outcome === 'taken') reportsSent.increment();
    else if (outcome === 'refused') reportsDropped.increment();
    else reportsSkipped.increment();
  }
}

interface ExportCounts {
  readonly spansSent: Counter;
  readonly spansDropped: Counter;
  readonly reportsSent: Counter;
  readonly reportsDropped: Counter;
  readonly reportsSkipped: Counter;
}

/** They stay when a listener goes: the next one counts on. */
function exportCounts(scope: StatsScope): ExportCounts {
  return {
    spansSent: scope.counter('spans_sent'),
    spansDropped: scope.counter('spans_dropped'),
    reportsSent: scope.counter('reports_sent'),
    reportsDropped: scope.counter('reports_dropped'),
    reportsSkipped: scope.counter('reports_skipped_no_cluster'),
  };
}
