// Checks one host again and again, and turns the results into its health, by thresholds, as Envoy does.
// https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/health_checking
import type { Clock, Dice, Timer } from '@meltemi/base';
import type { HealthCheckSettings } from '../settings/health-check-settings.ts';
import type { CheckState } from './check-state.ts';
import type { HealthCheckStats } from './health-check-stats.ts';
import type { CheckResult, Prober } from './prober.ts';

export interface SessionOptions {
  readonly settings: HealthCheckSettings;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly stats: HealthCheckStats;
  /** The cluster had a connection: from then on it is checked in earnest. */
  readonly hasTraffic: () => boolean;
}

/** What became of a check. */
export interface SessionReport {
  readonly result: CheckResult;
  /** The host is another than before. */
  readonly changed: boolean;
  /** Of this host. */
  readonly first: boolean;
}

/** changed: another health than before. pending: on the way to it. */
type Transition = 'none' | 'pending' | 'changed';

export class CheckSession {
  readonly #options: SessionOptions;
  readonly #state: CheckState;
  readonly #prober: Prober;
  readonly #onReport: (report: SessionReport) => void;
  #timer: Timer | undefined;
  #failures = 0;
  #successes = 0;
  #first = true;
  #closed = false;

  /** Begins at once, or within the initial jitter. */
  constructor(options: SessionOptions, state: CheckState, prober: Prober, onReport: (report: SessionReport) => void) {
    this.#options = options;
    this.#state = state;
    this.#prober = prober;
    this.#onReport = onReport;
    const { initialJitterMs } = options.settings.intervals;
    this.#wait(initialJitterMs > 0 ? options.dice.roll() * initialJitterMs : 0);
  }

  /** No result came yet. */
  get first(): boolean {
    return this.#first;
  }

  /** The host said itself, in the answer to a request, that it is failing. */
  failNow(): void {
    const state = this.#state;
    const { stats } = this.#options;
    const changed = !state.failed;
    this.#successes = 0;
    state.excluded = state.failed = true;
    stats.failure.increment();
    stats.passiveFailure.increment();
    this.#onReport({ result: { kind: 'refused', retriable: false }, changed, first: false });
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#prober.close();
  }

  #wait(delayMs: number): void {
    this.#timer = this.#options.clock.after(delayMs, () => this.#check());
  }

  #check(): void {
    const { clock, settings, stats } = this.#options;
    let over = false;
    const finish = (result: CheckResult): void => {
      if (over || this.#closed) return;
      over = true;
      this.#timer?.cancel();
      this.#take(result);
    };
    stats.attempt.increment();
    this.#timer = clock.after(settings.timeoutMs, () => {
      this.#prober.abort();
      finish({ kind: 'timeout', retriable: true });
    });
    this.#prober.probe(finish);
  }

  #take(result: CheckResult): void {
    const first = this.#first;
    const transition = result.kind === 'passed' ? this.#passed(result.degraded) : this.#failed(result);
    this.#first = false;
    this.#onReport({ result, changed: transition === 'changed', first });
    // The report may have been the end of the host.
    if (!this.#closed) this.#wait(this.#interval(result.kind === 'passed', transition));
  }

  #passed(degraded: boolean): Transition {
    const state = this.#state;
    let transition: Transition = 'none';
    this.#failures = 0;
    if (state.failed) {
      // The first result of a host counts at once.
      const enough = this.#first || ++this.#successes >= this.#options.settings.healthyThreshold;
      transition = enough ? 'changed' : 'pending';
      if (enough) state.failed = state.timedOut = state.excluded = false;
    }
    if (this.#endPending()) transition = 'changed';
    if (state.degraded !== degraded) transition = 'changed';
    state.degraded = degraded;
    this.#options.stats.success.increment();
    return transition;
  }

  #failed(result: Exclude<CheckResult, { kind: 'passed' }>): Transition {
    const { settings, stats } = this.#options;
    const state = this.#state;
    const network = result.kind !== 'refused';
    let transition: Transition = 'none';
    this.#successes = 0;
    if (!state.failed) {
      // An answer that says no is believed at once, unless it is one that may be asked again.
      const enough = (!network && !result.retriable) || ++this.#failures >= settings.unhealthyThreshold;
      transition = enough ? 'changed' : 'pending';
      state.failed = enough;
    }
    state.timedOut = state.failed && result.kind === 'timeout';
    state.excluded ||= result.kind === 'refused' && result.excluded === true;
    if (this.#endPending()) transition = 'changed';
    stats.failure.increment();
    if (network) stats.networkFailure.increment();
    return transition;
  }

  #endPending(): boolean {
    const { pending } = this.#state;
    this.#state.pending = false;
    return pending;
  }

  #interval(passed: boolean, transition: Transition): number {
    const { settings, dice, hasTraffic } = this.#options;
    const { intervals } = settings;
    const base = hasTraffic() ? busyInterval(settings, passed, transition) : idleInterval(settings, passed);
    const share = dice.roll() * ((intervals.jitterPercent * base) / 100);
    return base + share + dice.roll() * intervals.jitterMs;
  }
}

function busyInterval({ intervals }: HealthCheckSettings, passed: boolean, transition: Transition): number {
  if (passed) return transition === 'pending' ? intervals.healthyEdgeMs : intervals.healthyMs;
  return transition === 'pending' ? intervals.unhealthyEdgeMs : intervals.unhealthyMs;
}

function idleInterval({ intervals }: HealthCheckSettings, passed: boolean): number {
  return passed ? intervals.noTrafficHealthyMs : intervals.noTrafficMs;
}
