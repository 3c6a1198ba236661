// The workers beside the first one, as the first one sees them: threads that it starts, tells, asks, and ends.
import { getHeapStatistics } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { Clock, Logger } from '@meltemi/base';
import type { OutlierKind } from '../cluster/settings/outlier-settings.ts';
import type { WorkerCommand, WorkerReport, WorkerSnapshot, WorkerStart } from './messages.ts';

export interface WorkerThreadsOptions {
  /** How many, the first worker not counted. */
  readonly count: number;
  /** The script that calls `runWorkerThread`. */
  readonly script: URL;
  readonly start: Omit<WorkerStart, 'index'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What workers tell unasked. */
interface WorkerNews {
  onTrace(configId: string, trace: string): void;
  onHostFailing(cluster: string, host: string): void;
  onHostOutlier(cluster: string, host: string, kind: OutlierKind): void;
}

/** A worker that doesn't answer in time is left out, or ended by force. */
const ANSWER_MS = 5_000;
const CLOSE_MS = 2_000;
const MEGABYTE = 1024 * 1024;
/** Less than this no worker can do with. */
const MIN_HEAP_MB = 256;

export class WorkerThreads {
  /** Resolves when a worker died: the process can't go on without it. */
  readonly failed: Promise<Error>;
  readonly #threads: readonly WorkerThread[];
  /** Hears the traces of taps that are on. */
  onTrace: WorkerNews['onTrace'] = () => {};
  /** Hears of hosts that said that they are failing. */
  onHostFailing: WorkerNews['onHostFailing'] = () => {};
  /** Hears of hosts that failed too often in a row. */
  onHostOutlier: WorkerNews['onHostOutlier'] = () => {};

  constructor(options: WorkerThreadsOptions) {
    let fail: (error: Error) => void = () => {};
    this.failed = new Promise((resolve) => (fail = resolve));
    const news: WorkerNews = {
      onTrace: (configId, trace) => this.onTrace(configId, trace),
      onHostFailing: (cluster, host) => this.onHostFailing(cluster, host),
      onHostOutlier: (cluster, host, kind) => this.onHostOutlier(cluster, host, kind),
    };
    this.#threads = Array.from({ length: options.count }, (_, at) => new WorkerThread(at + 1, options, fail, news));
  }

  /** Resolves when every worker serves; rejects when one died before. */
  async ready(): Promise<void> {
    const all = Promise.all(this.#threads.map((thread) => thread.ready));
    const failure = await Promise.race([all.then(() => undefined), this.failed]);
    if (failure) throw failure;
  }

  tell(command: WorkerCommand): void {
    for (const thread of this.#threads) thread.tell(command);
  }

  /** Of each worker that answered in time. */
  async snapshots(): Promise<readonly WorkerSnapshot[]> {
    const answers = await Promise.all(this.#threads.map((thread) => thread.snapshot()));
    return answers.filter((answer) => answer !== undefined);
  }

  /** Resolves when no worker has a connection left, or the drain time is over. */
  async end(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.end()));
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }
}

class WorkerThread {
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #index: number;
  readonly #news: WorkerNews;
  readonly #snapshots = new Map<number, (snapshot: WorkerSnapshot | undefined) => void>();
  #asked = 0;
  #closing = false;
  #isReady: () => void = () => {};
  #drained: () => void = () => {};
  #closed: () => void = () => {};

  constructor(index: number, options: WorkerThreadsOptions, fail: (error: Error) => void, news: WorkerNews) {
    this.#index = index;
    this.#clock = options.clock;
    this.#news = news;
    this.#logger = options.logger.named('workers');
    this.ready = new Promise((resolve) => (this.#isReady = resolve));
    const data: WorkerStart = { ...options.start, index };
    this.#worker = new Worker(options.script, { workerData: data, resourceLimits: heapLimit(options.count + 1) });
    this.#worker.on('message', (report: WorkerReport) => this.#hear(report));
    this.#worker.on('error', (error: Error) =>
      fail(new Error(`worker ${index} failed: ${error.message}`, { cause: error })),
    );
    this.#worker.on('exit', (code) => {
      this.#closed();
      if (!this.#closing) fail(new Error(`worker ${index} ended with code ${code}`));
    });
  }

  tell(command: WorkerCommand): void {
    if (!this.#closing) this.#worker.postMessage(command, []);
  }

  snapshot(): Promise<WorkerSnapshot | undefined> {
    const id = this.#asked++;
    return new Promise((resolve) => {
      const late = this.#clock.after(ANSWER_MS, () => {
        this.#snapshots.delete(id);
        this.#logger.warn(`worker ${this.#index} does not answer: its numbers are left out`);
        resolve(undefined);
      });
      this.#snapshots.set(id, (snapshot) => {
        late.cancel();
        resolve(snapshot);
      });
      this.tell({ kind: 'snapshot', id });
    });
  }

  end(): Promise<void> {
    return new Promise((resolve) => {
      this.#drained = resolve;
      this.tell({ kind: 'end' });
    });
  }

  async close(): Promise<void> {
    if (this.#closing) return;
    const closed = new Promise<void>((resolve) => (this.#closed = resolve));
    this.tell({ kind: 'close' });
    this.#closing = true;
    this.#drained();
    for (const answer of this.#snapshots.values()) answer(undefined);
    const late = this.#clock.after(CLOSE_MS, this.#closed);
    await closed;
    late.cancel();
    await this.#worker.terminate();
  }

  #hear(report: WorkerReport): void {
    switch (report.kind) {
      case 'ready':
        return this.#isReady();
      case 'snapshot':
        this.#snapshots.get(report.id)?.(report);
        this.#snapshots.delete(report.id);
        return;
      case 'trace':
        return this.#news.onTrace(report.configId, report.trace);
      case 'host-failing':
        return this.#news.onHostFailing(report.cluster, report.host);
      case 'host-outlier':
        return this.#news.onHostOutlier(report.cluster, report.host, report.outlier);
      case 'drained':
        return this.#drained();
      case 'closed':
        return this.#closed();
    }
  }
}

/** All workers together get what the process alone would. */
function heapLimit(workers: number): { readonly maxOldGenerationSizeMb: number } {
  const whole = getHeapStatistics().heap_size_limit / MEGABYTE;
  return { maxOldGenerationSizeMb: Math.max(MIN_HEAP_MB, Math.floor(whole / workers)) };
}
