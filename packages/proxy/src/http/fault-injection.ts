// Carries out the fault that was decided for a request: a delay, then an abort, or the request itself.
import type { Timer } from '@meltemi/base';
import type { FaultAbort, FaultDecision } from '@meltemi/decide';
import type { HttpSite } from './http-site.ts';

/** What the stream does. */
export interface FaultedStream {
  onFaultDelay(): void;
  onFaultAbort(abort: FaultAbort): void;
  onFaultOver(): void;
}

/** One a connection, for one request after the other. */
export class FaultInjection {
  readonly #site: HttpSite;
  readonly #stream: FaultedStream;
  #delay: Timer | undefined;
  #active = false;

  constructor(site: HttpSite, stream: FaultedStream) {
    this.#site = site;
    this.#stream = stream;
  }

  inject(fault: FaultDecision): void {
    if (!this.#enter(fault)) return this.#stream.onFaultOver();
    if (fault.delayMs <= 0) return this.#afterDelay(fault);
    this.#site.stats.faultDelays.increment();
    this.#stream.onFaultDelay();
    this.#delay = this.#site.clock.after(fault.delayMs, () => {
      this.#delay = undefined;
      this.#afterDelay(fault);
    });
  }

  /** The request ended, by the fault or otherwise. */
  finish(): void {
    this.#delay?.cancel();
    this.#delay = undefined;
    if (this.#active) this.#site.stats.faultsActive.decrement();
    this.#active = false;
  }

  /** False: as many faults as allowed are active. */
  #enter(fault: FaultDecision): boolean {
    const { stats } = this.#site;
    if (fault.maxActive !== undefined && stats.faultsActive.value >= fault.maxActive) {
      stats.faultOverflow.increment();
      return false;
    }
    stats.faultsActive.increment();
    this.#active = true;
    return true;
  }

  #afterDelay(fault: FaultDecision): void {
    if (!fault.abort) return this.#stream.onFaultOver();
    this.#site.stats.faultAborts.increment();
    this.#stream.onFaultAbort(fault.abort);
  }
}
