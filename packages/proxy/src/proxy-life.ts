// How a worker goes from starting to serving to draining, and what `/healthcheck/*` and `/drain_listeners` do to it.
import type { Clock } from '@meltemi/base';
import type { ServerState } from './admin/admin-view.ts';
import type { DrainOptions } from './drain/drain-options.ts';
import type { ProcessDrain } from './drain/process-drain.ts';
import type { ListenerManager } from './listener/listener-manager.ts';

export interface ProxyLifeOptions {
  readonly listeners: ListenerManager;
  readonly drain: ProcessDrain;
  /** Length of a graceful drain, in milliseconds. */
  readonly drainTimeMs: number;
  readonly clock: Clock;
}

export class ProxyLife {
  readonly #options: ProxyLifeOptions;
  #state: ServerState = 'PRE_INITIALIZING';
  #ended: Promise<void> | undefined;

  constructor(options: ProxyLifeOptions) {
    this.#options = options;
  }

  get state(): ServerState {
    return this.#options.drain.healthFailed && this.#state === 'LIVE' ? 'DRAINING' : this.#state;
  }

  live(): void {
    if (this.#state === 'PRE_INITIALIZING') this.#state = 'LIVE';
  }

  failHealth(failed: boolean): void {
    this.#options.drain.healthFailed = failed;
  }

  /** As the administrator asks: the proxy lives on. */
  drainListeners({ graceful, inboundOnly, skipExit }: DrainOptions): void {
    const { listeners, drain, drainTimeMs, clock } = this.#options;
    if (!graceful && !skipExit) return listeners.stop(inboundOnly);
    if (drain.begun) return;
    drain.begin(inboundOnly);
    if (!skipExit) clock.after(drainTimeMs, () => listeners.stop(inboundOnly));
  }

  /** The process is about to end: nothing new is accepted. Resolves when no connection is left, or after the drain time. */
  end(): Promise<void> {
    this.#state = 'DRAINING';
    this.#ended ??= this.#options.listeners.drain();
    return this.#ended;
  }
}
