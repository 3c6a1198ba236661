// Finds the counters of the listener manager once, by Envoy's names.
import type { Counter, Gauge, StatsStore } from '@meltemi/telemetry';

export interface ListenerManagerStats {
  readonly added: Counter;
  readonly modified: Counter;
  readonly removed: Counter;
  readonly rejected: Counter;
  readonly active: Gauge;
  readonly warming: Gauge;
}

export function listenerManagerStats(stats: StatsStore): ListenerManagerStats {
  const scope = stats.scope('listener_manager');
  return {
    added: scope.counter('listener_added'),
    modified: scope.counter('listener_modified'),
    removed: scope.counter('listener_removed'),
    rejected: scope.counter('listener_create_failure'),
    active: scope.gauge('total_listeners_active'),
    warming: scope.gauge('total_listeners_warming'),
  };
}
