// The cells of outlier detection, by Envoy's names.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/upstream/cluster_manager/cluster_stats#outlier-detection-statistics
import type { Counter, Gauge, StatsScope } from '@meltemi/telemetry';
import { OUTLIER_KINDS, type OutlierKind } from '../settings/outlier-settings.ts';

export interface OutlierStats {
  readonly active: Gauge;
  readonly enforcedTotal: Counter;
  readonly overflow: Counter;
  readonly detected: Readonly<Record<OutlierKind, Counter>>;
  readonly enforced: Readonly<Record<OutlierKind, Counter>>;
}

export function outlierStats(scope: StatsScope): OutlierStats {
  return {
    active: scope.gauge('outlier_detection.ejections_active'),
    enforcedTotal: scope.counter('outlier_detection.ejections_enforced_total'),
    overflow: scope.counter('outlier_detection.ejections_overflow'),
    detected: byKind((kind) => scope.counter(`outlier_detection.ejections_detected_${kind}`)),
    enforced: byKind((kind) => scope.counter(`outlier_detection.ejections_enforced_${kind}`)),
  };
}

function byKind<Cell>(make: (kind: OutlierKind) => Cell): Readonly<Record<OutlierKind, Cell>> {
  return Object.fromEntries(OUTLIER_KINDS.map((kind) => [kind, make(kind)])) as Record<OutlierKind, Cell>;
}
