// What tracing is built from besides its configuration.
import type { Node } from '@meltemi/api/envoy/config/core/v3/base_pb';
import type { Clock, Dice } from '@meltemi/base';
import type { StatsStore } from '@meltemi/telemetry';
import type { Clusters } from '../cluster/cluster.ts';
import type { Environment } from '../environment.ts';

export interface TracingParts {
  readonly clusters: Clusters;
  readonly stats: StatsStore;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly node: Node | undefined;
  /** For custom tags. */
  readonly environment?: Environment;
}
