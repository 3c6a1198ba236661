// What all connections and streams of one connection manager share.
import type { Clock, Dice, Logger } from '@meltemi/base';
import type { AccessLog } from '@meltemi/telemetry';
import type { RequestTracer } from '../tracing/request-tracer.ts';
import type { Clusters } from '../cluster/cluster.ts';
import type { OverloadState } from '../overload/overload-state.ts';
import type { HttpFilters } from './http-filters.ts';
import type { HttpSettings } from './http-settings.ts';
import type { HttpStats } from './http-stats.ts';
import type { ReplyMapping } from './reply-mapping.ts';
import type { HttpDate } from './response-headers.ts';
import type { RouteSlot } from './route-slot.ts';
import type { VirtualClusterStats } from './virtual-cluster-stats.ts';

export interface HttpSite {
  readonly settings: HttpSettings;
  readonly filters: HttpFilters;
  readonly routes: RouteSlot;
  readonly accessLogs: readonly AccessLog[];
  /** Undefined: our own answers go out as they are. */
  readonly replyMapping: ReplyMapping | undefined;
  /** Undefined: requests are not traced. */
  readonly tracer: RequestTracer | undefined;
  readonly clusters: Clusters;
  readonly stats: HttpStats;
  readonly virtualClusters: VirtualClusterStats;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly logger: Logger;
  readonly date: HttpDate;
  /** The response that goes out now is the last of its connection; asked once a response. */
  readonly draining: boolean;
  /** What is kept away while the process has too much to do; undefined: nothing. */
  readonly overload: OverloadState | undefined;
}
