// What listeners are built from besides their configuration.
import type { Clock, Dice, Logger } from '@meltemi/base';
import type { AccessLogContext, StatsStore } from '@meltemi/telemetry';
import type { Clusters } from '../cluster/cluster.ts';
import type { AwaitClusters, WatchRoutes } from '../http/route-slot.ts';
import type { WatchSecret } from '../tls/tls-material.ts';

export interface ListenerParts {
  readonly clusters: Clusters;
  readonly stats: StatsStore;
  readonly accessLogs: AccessLogContext;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly logger: Logger;
  readonly watchRoutes: WatchRoutes;
  readonly awaitClusters: AwaitClusters;
  readonly watchSecret: WatchSecret;
  /** How long connections of what was replaced or removed may go on. */
  readonly drainTimeMs: number;
  /** What was replaced or removed and still has connections. */
  readonly drainingChains: Set<DrainingChain>;
}

/** Filter chains that nothing leads to any more. */
export interface DrainingChain {
  /** Closes idle connections; returns how many are left. */
  closeIdle(): number;
  close(): void;
}
