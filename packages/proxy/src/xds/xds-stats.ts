// Counts what happens on configuration streams, by Envoy's names.
import type { XdsType } from '@meltemi/api';
import type { StatsScope, StatsStore } from '@meltemi/telemetry';
import type { ResponseOutcome } from './xds-session.ts';

export interface XdsStats {
  connected(connected: boolean): void;
  /** A stream ended or could not be opened. */
  lost(): void;
  settled(type: XdsType, outcome: ResponseOutcome): void;
}

/** Of the ADS stream: `control_plane.*`, `cluster_manager.cds.*`, `listener_manager.lds.*`. */
export function adsStats(store: StatsStore): XdsStats {
  const state = store.scope('control_plane').gauge('connected_state');
  state.set(0);
  const types = new Map([
    ['CDS', updateStats(store.scope('cluster_manager').scope('cds'))],
    ['LDS', updateStats(store.scope('listener_manager').scope('lds'))],
  ]);
  return {
    connected: (connected) => state.set(connected ? 1 : 0),
    lost() {
      for (const stats of types.values()) stats.failure.increment();
    },
    settled(type, outcome) {
      const stats = types.get(type);
      stats?.attempt.increment();
      if (outcome.error === undefined) stats?.success.increment();
      else stats?.rejected.increment();
    },
  };
}

/** Of a source beside ADS: `sds.CLUSTER.*`. */
export function secretStats(store: StatsStore, cluster: string): XdsStats {
  const stats = updateStats(store.scope('sds', { cluster_name: cluster }));
  return {
    connected: () => {},
    lost: () => stats.failure.increment(),
    settled(_type, outcome) {
      stats.attempt.increment();
      if (outcome.error === undefined) stats.success.increment();
      else stats.rejected.increment();
    },
  };
}

function updateStats(scope: StatsScope) {
  return {
    attempt: scope.counter('update_attempt'),
    success: scope.counter('update_success'),
    rejected: scope.counter('update_rejected'),
    failure: scope.counter('update_failure'),
  };
}
