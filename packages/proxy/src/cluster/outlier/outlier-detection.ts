// Watches outcomes by host and takes hosts that keep failing out of the balancer for a while.
// https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/outlier
import type { Clock, Dice, Timer } from '@meltemi/base';
import type { OutlierKind, OutlierSettings } from '../settings/outlier-settings.ts';
import type { OutlierRates } from '../cluster.ts';
import { type HostRate, highFailurePercentages, type LowRates, lowSuccessRates } from './interval-outliers.ts';
import type { OutlierSharing } from '../../workers/outlier-sharing.ts';
import type { OpenCell, OutlierCounts } from './outlier-counts.ts';
import type { Outcome, OutlierState, WatchedHost } from './outlier-state.ts';
import type { OutlierStats } from './outlier-stats.ts';

export interface OutlierOptions<H extends WatchedHost> {
  readonly cluster: string;
  readonly settings: OutlierSettings;
  /** Undefined: there is one worker. */
  readonly sharing?: OutlierSharing | undefined;
  /** What all workers count in, by host and kind; absent: this one alone. */
  readonly cell?: OpenCell;
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
  /** Of the other workers. */
  readonly #news: { close(): void } | undefined;
  #timer: Timer | undefined;
  /** Of the last interval. */
  rates: OutlierRates = { average: -1, threshold: -1, localAverage: -1, localThreshold: -1 };

  constructor(options: OutlierOptions<H>) {
    this.#options = options;
    this.#news = this.#follow(options.sharing);
    if (!this.#follows) this.#arm();
  }

  /** Counts an outcome; ejects the host when a run of failures is long enough. */
  record(host: H, outcome: Outcome): void {
    const { splitLocalOrigin, consecutive } = this.#options.settings;
    const counts = this.#countsOf(host);
    const found = (kind: OutlierKind): void => this.#found(host, kind);
    if (typeof outcome === 'string' && splitLocalOrigin) return counts.localFailure(consecutive, found);
    counts.localFailures.end();
    if (splitLocalOrigin) counts.local.count(true);
    // Without the split a failure before a response counts as what the client gets: 503, or 504 for a timeout.
    counts.response(statusOf(outcome), consecutive, found);
  }

  /** An active health check passed: the host comes back where that is what the settings say. */
  checked(host: H): void {
    if (this.#follows || !host.outlier.ejected || !this.#options.settings.checkReadmits) return;
    this.#readmit(host);
    this.#options.onChange();
  }

  /** The host is no longer of the cluster. */
  forget(host: H): void {
    if (host.outlier.ejected) this.#readmit(host);
    host.outlier.close();
  }

  /** Stops, and lets every host back in. */
  close(): void {
    this.#timer?.cancel();
    this.#news?.close();
    for (const host of this.#options.hosts()) this.forget(host);
  }

  /** Another worker decides, and tells. */
  get #follows(): boolean {
    return this.#options.sharing?.kind === 'following';
  }

  #follow(sharing: OutlierSharing | undefined): { close(): void } | undefined {
    const { cluster } = this.#options;
    if (sharing?.kind === 'leading') {
      return sharing.follow(cluster, (text, kind) => this.#withHost(text, (host) => this.#detect(host, kind)));
    }
    return sharing?.follow(cluster, (text, ejected) => this.#withHost(text, (host) => this.#take(host, ejected)));
  }

  #withHost(text: string, act: (host: H) => void): void {
    for (const host of this.#options.hosts()) if (host.text === text) act(host);
  }

  /** What the first worker decided. */
  #take(host: H, ejected: boolean): void {
    host.outlier.ejected = ejected;
    if (ejected) this.#options.onEject(host);
    this.#options.onChange();
  }

  #countsOf(host: H): OutlierCounts {
    const { cell } = this.#options;
    return host.outlier.counts(cell && ((kind) => cell(`${host.text}/${kind}`)));
  }

  /** A run is long enough. */
  #found(host: H, kind: OutlierKind): void {
    const { cluster, sharing } = this.#options;
    if (sharing?.kind === 'following') sharing.report(cluster, host.text, kind);
    else this.#detect(host, kind);
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
    this.#tell(host);
    this.#options.onEject(host);
    this.#options.onChange();
  }

  #tell(host: H): void {
    const { cluster, sharing } = this.#options;
    if (sharing?.kind === 'leading') sharing.tell(cluster, host.text, host.outlier.ejected);
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
      const counted = this.#countsOf(host)[tally];
      const { total, rate } = counted.take();
      if (host.outlier.ejected) continue;
      if (total > 0 && total >= least) counted.rate = rate;
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

  #readmit(host: H): void {
    host.outlier.ejected = false;
    if (this.#follows) return;
    this.#countsOf(host).endRuns();
    this.#options.stats.active.decrement();
    this.#tell(host);
  }
}

function statusOf(outcome: Outcome): number {
  if (typeof outcome === 'number') return outcome;
  return outcome === 'timeout' ? 504 : 503;
}
