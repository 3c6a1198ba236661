// Counts what happens to one subscription, by Envoy's names.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/overview/mgmt_server#statistics
import { xxHash64 } from '@meltemi/base';
import type { StatsScope } from '@meltemi/telemetry';
import type { TextReadouts } from './text-readouts.ts';

export interface SubscriptionStats {
  /** `nowMs` in epoch milliseconds; `durationMs`: how long it took to apply. */
  accepted(version: string, nowMs: number, durationMs: number): void;
  rejected(): void;
  /** The stream ended or could not be opened. */
  failed(): void;
  /** The first answer took longer than `initial_fetch_timeout`. */
  timedOut(): void;
}

/** `fullName` is the scope's own, without a dot at the end: the version's text stands under it. */
export function subscriptionStats(scope: StatsScope, fullName: string, readouts: TextReadouts): SubscriptionStats {
  const attempt = scope.counter('update_attempt');
  const success = scope.counter('update_success');
  const rejected = scope.counter('update_rejected');
  const failure = scope.counter('update_failure');
  const timeout = scope.counter('init_fetch_timeout');
  const time = scope.gauge('update_time');
  const duration = scope.histogram('update_duration');
  const reload = scope.counter('config_reload');
  const reloadTime = scope.gauge('config_reload_time_ms');
  const hash = scope.gauge('version');
  readouts.set(`${fullName}.version_text`, '');
  return {
    accepted(version, nowMs, durationMs) {
      attempt.increment();
      success.increment();
      time.set(nowMs);
      duration.record(durationMs);
      reload.increment();
      reloadTime.set(nowMs);
      hash.set(versionHash(version));
      readouts.set(`${fullName}.version_text`, version);
    },
    rejected() {
      attempt.increment();
      rejected.increment();
    },
    failed() {
      attempt.increment();
      failure.increment();
    },
    timedOut() {
      timeout.increment();
    },
  };
}

/** Tells versions apart, as Envoy's gauge does; the last digits of its 64 bits are lost in a number. */
function versionHash(version: string): number {
  const { high, low } = xxHash64(version);
  return (high >>> 0) * 2 ** 32 + (low >>> 0);
}
