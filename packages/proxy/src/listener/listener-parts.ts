// What listeners are built from besides their configuration.
import type { Clock, Dice, Logger } from '@meltemi/base';
import type { LogFiles, StatsStore } from '@meltemi/telemetry';
import type { Clusters } from '../cluster/cluster.ts';
import type { WatchRoutes } from '../http/route-slot.ts';
import type { WatchSecret } from '../tls/tls-material.ts';

export interface ListenerParts {
  readonly clusters: Clusters;
  readonly stats: StatsStore;
  readonly logFiles: LogFiles;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly logger: Logger;
  readonly watchRoutes: WatchRoutes;
  readonly watchSecret: WatchSecret;
  /** How long connections of what was replaced or removed may go on. */
  readonly drainTimeMs: number;
}
