// Counts what happens on configuration streams, by Envoy's names.
import type { XdsType } from '@meltemi/api';
import type { StatsStore } from '@meltemi/telemetry';
import { subscriptionStats, type SubscriptionStats } from './subscription-stats.ts';
import type { TextReadouts } from './text-readouts.ts';
import type { ResponseOutcome } from './xds-session.ts';

/** Of one source. Subscriptions to single resources are counted by who made them. */
export interface XdsStats {
  connected(connected: boolean): void;
  /** A stream ended or could not be opened. */
  lost(type: XdsType): void;
  settled(type: XdsType, outcome: ResponseOutcome, nowMs: number): void;
  /** The first answer for a wildcard took too long. */
  timedOut(type: XdsType): void;
}

/** `cluster_manager.cds.*` and `listener_manager.lds.*`, whatever source they come from. */
export type WildcardStats = ReadonlyMap<XdsType, SubscriptionStats>;

export function wildcardStats(store: StatsStore, readouts: TextReadouts): WildcardStats {
  return new Map([
    ['CDS', subscriptionStats(store.scope('cluster_manager').scope('cds'), 'cluster_manager.cds', readouts)],
    ['LDS', subscriptionStats(store.scope('listener_manager').scope('lds'), 'listener_manager.lds', readouts)],
  ]);
}

/** Of the ADS stream: its `control_plane.*` too. */
export function adsStats(store: StatsStore, wildcards: WildcardStats): XdsStats {
  const state = store.scope('control_plane').gauge('connected_state');
  state.set(0);
  return { ...sourceStats(wildcards), connected: (connected) => state.set(connected ? 1 : 0) };
}

/** Of a source beside ADS. */
export function sourceStats(wildcards: WildcardStats): XdsStats {
  return {
    connected: () => {},
    lost: (type) => wildcards.get(type)?.failed(),
    settled(type, outcome, nowMs) {
      const stats = wildcards.get(type);
      if (outcome.error === undefined) stats?.accepted(outcome.version, nowMs, outcome.durationMs);
      else stats?.rejected();
    },
    timedOut: (type) => wildcards.get(type)?.timedOut(),
  };
}
