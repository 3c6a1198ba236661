// Watches outcomes by host and takes hosts that keep failing out of the balancer for a while.
// https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/outlier
import type { Clock, Dice, Timer } from '@meltemi/base';
import type { OutlierKind, OutlierSettings } from '../settings/outlier-settings.ts';
import type { OutlierRates } from '../cluster.ts';
import { type HostRate, highFailurePercentages, type LowRates, lowSuccessRates } from './interval-outliers.ts';
import type { Outcome, OutlierState, WatchedHost } from './outlier-state.ts';
import type { OutlierStats } from './outlier-stats.ts';

export interface OutlierOptions<H extends WatchedHost> {
  readonly settings: OutlierSettings;
  readonly stats: OutlierStats;
  readonly clock: Clock;
  readonly dice: Dice;
  /** Every host of the cluster. */
  readonly hosts: () => Iterable<H>;
  /** Hosts were ejected or came back: balance anew. */
  readonly onChange: () => void;
  /** A host was ejected: its connections are not to be used on. */
  readonly onEject: (host: H) => void;
}

export class OutlierDetection<H extends WatchedHost> {
  readonly #options: OutlierOptions<H>;
  #timer: Timer | undefined;
  /** Of the last interval. */
  rates: OutlierRates = { average: -1, threshold: -1, localAverage: -1, localThreshold: -1 };

  constructor(options: OutlierOptions<H>) {
    this.#options = options;
    this.#arm();
  }

  /** Counts an outcome; ejects the host when a run of failures is long enough. */
  record(host: H, outcome: Outcome): void {
    const { settings } = this.#options;
    if (typeof outcome === 'string' && settings.splitLocalOrigin) return this.#recordLocal(host);
    host.outlier.consecutiveLocalOrigin = 0;
    if (settings.splitLocalOrigin) host.outlier.local.count(true);
    // Without the split a failure before a response counts as what the client gets: 503, or 504 for a timeout.
    this.#recordStatus(host, typeof outcome === 'number' ? outcome : outcome === 'timeout' ? 504 : 503);
  }

  /** An active health check passed: the host comes back where that is what the settings say. */
  checked(host: H): void {
    if (!host.outlier.ejected || !this.#options.settings.checkReadmits) return;
    this.#readmit(host);
    this.#options.onChange();
  }

  /** The host is no longer of the cluster. */
  forget(host: H): void {
    if (host.outlier.ejected) this.#readmit(host);
  }

  /** Stops, and lets every host back in. */
  close(): void {
    this.#timer?.cancel();
    for (const host of this.#options.hosts()) if (host.outlier.ejected) this.#readmit(host);
  }

  #recordStatus(host: H, status: number): void {
    const { settings } = this.#options;
    const { outlier } = host;
    outlier.responses.count(status < 500);
    if (status < 500) {
      outlier.consecutive5xx = 0;
      outlier.consecutiveGatewayFailure = 0;
      return;
    }
    if (status < 502 || status > 504) outlier.consecutiveGatewayFailure = 0;
    else if (++outlier.consecutiveGatewayFailure === settings.consecutive.consecutive_gateway_failure) {
      this.#detect(host, 'consecutive_gateway_failure');
      outlier.consecutiveGatewayFailure = 0;
    }
    if (++outlier.consecutive5xx !== settings.consecutive.consecutive_5xx) return;
    this.#detect(host, 'consecutive_5xx');
    outlier.consecutive5xx = 0;
  }

  #recordLocal(host: H): void {
    const { outlier } = host;
    outlier.local.count(false);
    if (++outlier.consecutiveLocalOrigin !== this.#options.settings.consecutive.consecutive_local_origin_failure)
      return;
    this.#detect(host, 'consecutive_local_origin_failure');
    outlier.consecutiveLocalOrigin = 0;
  }

  #detect(host: H, kind: OutlierKind): void {
    const { settings, stats, dice } = this.#options;
    if (host.outlier.ejected) return;
    stats.detected[kind].increment();
    if (!this.#mayEject()) return stats.overflow.increment();
    if (dice.roll() * 100 >= settings.enforcing[kind]) return;
    stats.enforced[kind].increment();
    this.#eject(host);
  }

  /** One more host while no more than the allowed share is out then; the first one always, where that is asked for. */
  #mayEject(): boolean {
    const { settings } = this.#options;
    let all = 0;
    let out = 0;
    for (const host of this.#options.hosts()) {
      all++;
      if (host.outlier.ejected) out++;
    }
    if (out === 0 && settings.alwaysEjectOne) return true;
    return ((out + 1) * 100) / all <= settings.maxEjectionPercent;
  }

  #eject(host: H): void {
    const { settings, stats, clock, dice } = this.#options;
    const state = host.outlier;
    state.ejected = true;
    state.ejectedAt = clock.monotonic();
    state.jitterMs = dice.roll() * settings.maxEjectionJitterMs;
    if (state.ejections * settings.baseEjectionMs < settings.maxEjectionMs + settings.baseEjectionMs) state.ejections++;
    stats.enforcedTotal.increment();
    stats.active.increment();
    this.#options.onEject(host);
    this.#options.onChange();
  }

  #arm(): void {
    this.#timer = this.#options.clock.after(this.#options.settings.intervalMs, () => this.#sweep());
  }

  /** Once an interval: who served its time comes back, who stayed well is forgiven one ejection, who stands out goes. */
  #sweep(): void {
    let changed = false;
    for (const host of this.#options.hosts()) {
      const state = host.outlier;
      if (!state.ejected) state.ejections = Math.max(0, state.ejections - 1);
      else if (this.#servedItsTime(state)) {
        this.#readmit(host);
        changed = true;
      }
    }
    const { average, threshold } = this.#ejectOutliers('responses', 'success_rate', 'failure_percentage');
    const local = this.#ejectOutliers('local', 'local_origin_success_rate', 'local_origin_failure_percentage');
    this.rates = { average, threshold, localAverage: local.average, localThreshold: local.threshold };
    if (changed) this.#options.onChange();
    this.#arm();
  }

  #ejectOutliers(tally: 'responses' | 'local', byRate: OutlierKind, byPercentage: OutlierKind): LowRates<H> {
    const { settings } = this.#options;
    const least = Math.min(settings.successRate.requestVolume, settings.failurePercentage.requestVolume);
    const rates: HostRate<H>[] = [];
    for (const host of this.#options.hosts()) {
      const { total, rate } = host.outlier[tally].take();
      if (host.outlier.ejected) continue;
      if (total > 0 && total >= least) host.outlier[tally].rate = rate;
      rates.push({ host, total, rate });
    }
    const low = lowSuccessRates(rates, settings);
    for (const host of low.hosts) this.#detect(host, byRate);
    for (const host of highFailurePercentages(rates, settings)) this.#detect(host, byPercentage);
    return low;
  }

  #servedItsTime(state: OutlierState): boolean {
    const { settings, clock } = this.#options;
    const ejectionMs = Math.min(settings.baseEjectionMs * state.ejections, settings.maxEjectionMs) + state.jitterMs;
    return clock.monotonic() - state.ejectedAt >= ejectionMs;
  }

  #readmit({ outlier }: H): void {
    outlier.ejected = false;
    outlier.clearRuns();
    this.#options.stats.active.decrement();
  }
}
