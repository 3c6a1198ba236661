// What access logs are built from besides their configuration.
import type { Node } from '@meltemi/api/envoy/config/core/v3/base_pb';
import type { Clock, Dice } from '@meltemi/base';
import type { AccessLogContext, StatsStore } from '@meltemi/telemetry';
import type { Clusters } from '../cluster/cluster.ts';
import type { Environment } from '../environment.ts';

export interface AccessLogParts {
  readonly clusters: Clusters;
  readonly stats: StatsStore;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly accessLogs: AccessLogPlace;
  /** For custom tags. */
  readonly environment?: Environment;
}

export interface AccessLogPlace extends AccessLogContext {
  /** Who this proxy is to services that take logs. */
  readonly node?: Node | undefined;
}
