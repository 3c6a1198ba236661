// What listeners are built from besides their configuration.
import type { Clock, Dice, Logger } from '@meltemi/base';
import type { StatsStore } from '@meltemi/telemetry';
import type { AccessLogPlace } from '../accesslog/access-log-parts.ts';
import type { Clusters } from '../cluster/cluster.ts';
import type { DrainDecision } from '../drain/drain-sequence.ts';
import type { ProcessDrain } from '../drain/process-drain.ts';
import type { Environment } from '../environment.ts';
import type { OpenMixer } from '../http/filter/mixer/mixer.ts';
import type { AwaitClusters, WatchRoutes } from '../http/route-slot.ts';
import type { OverloadState } from '../overload/overload-state.ts';
import type { TapRegistry } from '../tap/tap-registry.ts';
import type { WatchSecret } from '../tls/tls-material.ts';
import type { WatchExtension } from '../xds/extension-watch.ts';
import type { SharedCounters } from '../workers/shared-counters.ts';
import type { SocketSharing } from '../workers/socket-sharing.ts';

export interface ListenerParts {
  readonly clusters: Clusters;
  readonly stats: StatsStore;
  readonly accessLogs: AccessLogPlace;
  /** For custom tags; absent: no variable is there. */
  readonly environment?: Environment;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly logger: Logger;
  readonly watchRoutes: WatchRoutes;
  readonly awaitClusters: AwaitClusters;
  readonly watchSecret: WatchSecret;
  readonly watchExtension: WatchExtension;
  readonly taps: TapRegistry;
  readonly counters: SharedCounters;
  /** Undefined: the program has no client of Mixer. */
  readonly openMixer?: OpenMixer | undefined;
  /** Which way the traffic of the listener goes that is being built; undefined: it doesn't say. */
  readonly direction?: 'inbound' | 'outbound';
  /** How sockets go together with those of other workers; undefined: there are none. */
  readonly sockets?: SocketSharing;
  /** What is kept away while the process has too much to do; undefined: nothing. */
  readonly overload?: OverloadState;
  /** How long connections of what was replaced or removed may go on. */
  readonly drainTimeMs: number;
  /** What drains connections of the whole process; undefined: only what was replaced or removed drains, at once. */
  readonly drain?: ProcessDrain;
  /** What it says for one listener. */
  readonly drainDecision?: DrainDecision;
  /** What was replaced or removed and still has connections. */
  readonly drainingChains: Set<DrainingChain>;
}

/** Filter chains that nothing leads to any more. */
export interface DrainingChain {
  /** Every response closes its connection from now on. */
  drain(): void;
  /** Closes idle connections; returns how many are left. */
  closeIdle(): number;
  close(): void;
}
