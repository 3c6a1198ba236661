// Finds how many requests at a time an upstream bears: the limit falls as latencies grow above the least that was measured.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/adaptive_concurrency_filter
import type { Clock, Dice, Timer } from '@meltemi/base';
import type { Counter, Gauge, StatsScope } from '@meltemi/telemetry';
import type { GradientSettings } from './gradient-settings.ts';
import { LatencySamples } from './latency-samples.ts';

/** Windows in a row with the least limit after which the least latency is taken for wrong. */
const SUSPICIOUS = 5;

interface GradientStats {
  readonly blocked: Counter;
  readonly burst: Gauge;
  readonly limit: Gauge;
  readonly gradient: Gauge;
  readonly measuring: Gauge;
  readonly minRtt: Gauge;
  readonly sampleRtt: Gauge;
}

export class GradientController {
  readonly #settings: GradientSettings;
  readonly #clock: Clock;
  readonly #dice: Dice;
  readonly #stats: GradientStats;
  readonly #samples = new LatencySamples();
  #limit: number;
  #outstanding = 0;
  #minRttMs = 0;
  /** The limit from before a measurement; undefined: none is going on. */
  #deferredLimit: number | undefined;
  /** What began before does not count. */
  #epoch = 0;
  #atLeast = 0;
  #measureTimer: Timer | undefined;
  #updateTimer: Timer | undefined;

  constructor(settings: GradientSettings, parts: { readonly clock: Clock; readonly dice: Dice }, scope: StatsScope) {
    this.#settings = settings;
    this.#clock = parts.clock;
    this.#dice = parts.dice;
    this.#stats = statsIn(scope);
    this.#limit = settings.leastLimit;
    if (settings.minRttIntervalMs > 0) this.#measure();
    else this.#useFixed(settings.fixedMs!);
    this.#stats.limit.set(this.#limit);
    this.#scheduleUpdate();
  }

  get limit(): number {
    return this.#limit;
  }

  /** False: as many as allowed are on their way. Each that enters leaves by `record` or `cancel`. */
  enter(): boolean {
    if (this.#outstanding >= this.#limit) {
      this.#stats.blocked.increment();
      return false;
    }
    this.#outstanding++;
    return true;
  }

  /** `startedMs`: of the clock's monotonic time. */
  record(startedMs: number): void {
    this.#outstanding--;
    if (startedMs < this.#epoch) return;
    this.#samples.add(this.#clock.monotonic() - startedMs);
    if (this.#deferredLimit !== undefined && this.#samples.count >= this.#settings.requestCount) this.#measured();
  }

  /** The request ended without a whole response. */
  cancel(): void {
    this.#outstanding--;
  }

  close(): void {
    this.#measureTimer?.cancel();
    this.#updateTimer?.cancel();
  }

  /** A measurement begins: few requests at a time, so that none waits for another. */
  #measure(): void {
    if (this.#deferredLimit !== undefined) return;
    this.#stats.measuring.set(1);
    this.#deferredLimit = this.#limit;
    this.#setLimit(this.#settings.measuringLimit ?? this.#limit);
    this.#samples.clear();
    this.#epoch = this.#clock.monotonic();
  }

  #measured(): void {
    this.#minRttMs = this.#samples.take(this.#settings.percentile);
    this.#stats.minRtt.set(Math.trunc(this.#minRttMs));
    this.#setLimit(this.#deferredLimit!);
    this.#deferredLimit = undefined;
    this.#stats.measuring.set(0);
    const { minRttIntervalMs, jitter } = this.#settings;
    const lateMs = Math.floor(this.#dice.roll() * Math.ceil(minRttIntervalMs * jitter));
    this.#scheduleMeasurement(minRttIntervalMs + lateMs);
    this.#scheduleUpdate();
  }

  #useFixed(minRttMs: number): void {
    this.#minRttMs = minRttMs;
    this.#stats.minRtt.set(Math.trunc(minRttMs));
    this.#stats.measuring.set(0);
  }

  #scheduleMeasurement(delayMs: number): void {
    this.#measureTimer?.cancel();
    this.#measureTimer = this.#clock.after(delayMs, () => this.#measure());
  }

  #scheduleUpdate(): void {
    this.#updateTimer?.cancel();
    this.#updateTimer = this.#clock.after(this.#settings.updateIntervalMs, () => this.#update());
  }

  /** During a measurement the end of it goes on with this. */
  #update(): void {
    if (this.#deferredLimit !== undefined) return;
    if (this.#samples.count > 0) {
      const sampleMs = this.#samples.take(this.#settings.percentile);
      this.#stats.sampleRtt.set(Math.trunc(sampleMs));
      this.#setLimit(this.#nextLimit(sampleMs));
    }
    this.#scheduleUpdate();
  }

  #nextLimit(sampleMs: number): number {
    const { buffer, leastLimit, mostLimit } = this.#settings;
    const wantedMs = this.#minRttMs * (1 + buffer);
    const gradient = sampleMs > 0 ? Math.max(0.5, Math.min(2, wantedMs / sampleMs)) : 2;
    const limit = this.#limit * gradient;
    const headroom = Math.sqrt(limit);
    this.#stats.gradient.set(Math.trunc(gradient));
    this.#stats.burst.set(Math.trunc(headroom));
    return Math.max(leastLimit, Math.min(mostLimit, Math.trunc(limit + headroom)));
  }

  #setLimit(limit: number): void {
    const { leastLimit, minRttIntervalMs } = this.#settings;
    const stays = this.#deferredLimit === undefined && this.#limit === leastLimit && limit === leastLimit;
    this.#limit = limit;
    this.#stats.limit.set(limit);
    this.#atLeast = stays ? this.#atLeast + 1 : 0;
    if (this.#atLeast >= SUSPICIOUS && minRttIntervalMs > 0) this.#scheduleMeasurement(0);
  }
}

function statsIn(scope: StatsScope): GradientStats {
  const prefix = 'adaptive_concurrency.gradient_controller.';
  return {
    blocked: scope.counter(`${prefix}rq_blocked`),
    burst: scope.gauge(`${prefix}burst_queue_size`),
    limit: scope.gauge(`${prefix}concurrency_limit`),
    gradient: scope.gauge(`${prefix}gradient`),
    measuring: scope.gauge(`${prefix}min_rtt_calculation_active`),
    minRtt: scope.gauge(`${prefix}min_rtt_msecs`),
    sampleRtt: scope.gauge(`${prefix}sample_rtt_msecs`),
  };
}
