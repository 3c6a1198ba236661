// Watches outcomes by host and takes hosts that keep failing out of the balancer for a while.
// https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/outlier
import type { Clock, Dice, Timer } from '@meltemi/base';
import type { ClusterStats, OutlierKind } from './cluster-stats.ts';
import type { OutlierSettings } from './settings/outlier-settings.ts';

/** What a request to a host came to: an HTTP status, or a failure before there was one. */
export type Outcome = number | 'local-failure' | 'timeout';

/** A host as the detector sees it; its counters live and die with it. */
export interface WatchedHost {
  readonly outlier: OutlierState;
}

/** One host's record. Times are the clock's monotonic milliseconds. */
export class OutlierState {
  ejected = false;
  consecutive5xx = 0;
  consecutiveGatewayFailure = 0;
  consecutiveLocalOrigin = 0;
  ejectedAt = 0;
  /** How often in a row: the ejection time grows with it, and it shrinks with every interval without ejection. */
  ejections = 0;
  jitterMs = 0;
}

export interface OutlierOptions<H extends WatchedHost> {
  readonly settings: OutlierSettings;
  readonly stats: ClusterStats;
  readonly clock: Clock;
  readonly dice: Dice;
  /** Every host of the cluster. */
  readonly hosts: () => Iterable<H>;
  /** Hosts were ejected or came back: balance anew. */
  readonly onChange: () => void;
}

export class OutlierDetection<H extends WatchedHost> {
  readonly #options: OutlierOptions<H>;
  #timer: Timer | undefined;

  constructor(options: OutlierOptions<H>) {
    this.#options = options;
    this.#arm();
  }

  /** Counts an outcome; ejects the host when a run of failures is long enough. */
  record(host: H, outcome: Outcome): void {
    const { settings } = this.#options;
    if (typeof outcome === 'string' && settings.splitLocalOrigin) return this.#recordLocal(host);
    // Without the split a failure before a response counts as what the client gets: 503, or 504 for a timeout.
    const status = typeof outcome === 'number' ? outcome : outcome === 'timeout' ? 504 : 503;
    host.outlier.consecutiveLocalOrigin = 0;
    if (status < 500) {
      host.outlier.consecutive5xx = 0;
      host.outlier.consecutiveGatewayFailure = 0;
      return;
    }
    this.#recordGateway(host, status);
    host.outlier.consecutive5xx++;
    if (host.outlier.consecutive5xx !== settings.consecutive5xx) return;
    this.#detect(host, 'consecutive_5xx', settings.enforcing5xx);
    host.outlier.consecutive5xx = 0;
  }

  /** Stops, and lets every host back in. */
  close(): void {
    this.#timer?.cancel();
    for (const host of this.#options.hosts()) if (host.outlier.ejected) this.#readmit(host);
  }

  #recordGateway(host: H, status: number): void {
    const { settings } = this.#options;
    if (status < 502 || status > 504) {
      host.outlier.consecutiveGatewayFailure = 0;
      return;
    }
    if (++host.outlier.consecutiveGatewayFailure !== settings.consecutiveGatewayFailure) return;
    this.#detect(host, 'consecutive_gateway_failure', settings.enforcingGatewayFailure);
    host.outlier.consecutiveGatewayFailure = 0;
  }

  #recordLocal(host: H): void {
    const { settings } = this.#options;
    if (++host.outlier.consecutiveLocalOrigin !== settings.consecutiveLocalOrigin) return;
    this.#detect(host, 'consecutive_local_origin_failure', settings.enforcingLocalOrigin);
    host.outlier.consecutiveLocalOrigin = 0;
  }

  #detect(host: H, kind: OutlierKind, enforcingPercent: number): void {
    const { stats, dice } = this.#options;
    if (host.outlier.ejected) return;
    stats.outlierDetected[kind].increment();
    if (dice.roll() * 100 >= enforcingPercent) return;
    if (!this.#mayEject()) return stats.outlierOverflow.increment();
    stats.outlierEnforced[kind].increment();
    this.#eject(host);
  }

  /** One more host while no more than the allowed share is out then; the first one always, where that is asked for. */
  #mayEject(): boolean {
    const { settings } = this.#options;
    const hosts = [...this.#options.hosts()];
    const out = hosts.filter((host) => host.outlier.ejected).length;
    if (out === 0 && settings.alwaysEjectOne) return true;
    return ((out + 1) * 100) / hosts.length <= settings.maxEjectionPercent;
  }

  #eject(host: H): void {
    const { settings, stats, clock, dice } = this.#options;
    const state = host.outlier;
    state.ejected = true;
    state.ejectedAt = clock.monotonic();
    state.jitterMs = dice.roll() * settings.maxEjectionJitterMs;
    if (state.ejections * settings.baseEjectionMs < settings.maxEjectionMs) state.ejections++;
    stats.outlierEnforcedTotal.increment();
    stats.outlierEjectionsActive.increment();
    this.#options.onChange();
  }

  #arm(): void {
    this.#timer = this.#options.clock.after(this.#options.settings.intervalMs, () => this.#sweep());
  }

  /** Once an interval: who served its time comes back, and those who stayed well are forgiven one ejection. */
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
    if (changed) this.#options.onChange();
    this.#arm();
  }

  #servedItsTime(state: OutlierState): boolean {
    const { settings, clock } = this.#options;
    const ejectionMs = Math.min(settings.baseEjectionMs * state.ejections, settings.maxEjectionMs) + state.jitterMs;
    return clock.monotonic() - state.ejectedAt >= ejectionMs;
  }

  #readmit(host: H): void {
    host.outlier.ejected = false;
    host.outlier.consecutive5xx = 0;
    host.outlier.consecutiveGatewayFailure = 0;
    host.outlier.consecutiveLocalOrigin = 0;
    this.#options.stats.outlierEjectionsActive.decrement();
  }
}
