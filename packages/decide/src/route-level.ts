// What the levels around a route say, and how the levels combine: route configuration, virtual host, route.
import type { RouteAction_RequestMirrorPolicy as MirrorPolicy } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import type { HedgePolicy, RetryPolicy } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import type { CorsFields } from './cors.ts';
import type { DataReader } from './direct-response.ts';
import type { ListenerFilters } from './filter-config.ts';
import type { ForwardingRules } from './forwarding-rules.ts';
import type { RateLimitRule } from './rate-limit.ts';
import type { RecentEqual } from './recent-equal.ts';
import type { FilterConfigs } from './route-filter-config.ts';
import { compileHeaderChanges, type HeaderChange, type HeaderOperations, joinLevels } from './header-change.ts';
import type { Timeouts } from './timeouts.ts';
import type { NameVirtualCluster } from './virtual-cluster.ts';

/** The surroundings of a route. */
export interface RouteContext {
  readonly virtualHost: string;
  readonly filters: ListenerFilters;
  /** Filter configuration of the virtual host, then of the route configuration. */
  readonly filterConfigs: readonly FilterConfigs[];
  /** The virtual host's older `cors` field. */
  readonly cors: readonly CorsFields[];
  readonly retryPolicy: RetryPolicy | undefined;
  readonly hedgePolicy: HedgePolicy | undefined;
  /** Bytes of a body kept for another try. */
  readonly bufferLimit: number | undefined;
  readonly includeIsTimeoutRetry: boolean;
  readonly mirrorPolicies: readonly MirrorPolicy[];
  readonly rateLimits: readonly RateLimitRule[];
  readonly virtualCluster: NameVirtualCluster | undefined;
  readonly headers: HeaderLevels;
  readonly includeAttemptCount: boolean;
  readonly includeAttemptCountInResponse: boolean;
  readonly ignorePathParameters: boolean;
  /** Bytes. */
  readonly maxDirectBody: number;
  readonly data: DataReader;
  readonly shared: SharedParts;
}

/** What routes of one table have in common. */
export interface SharedParts {
  readonly timeouts: RecentEqual<Timeouts>;
  readonly rules: RecentEqual<ForwardingRules>;
}

/** Compiled header operations of the levels around a route. */
export interface HeaderLevels {
  readonly mostSpecificWins: boolean;
  readonly virtualHost: LevelChanges;
  readonly configuration: LevelChanges;
}

export interface LevelChanges {
  readonly request: readonly HeaderChange[];
  readonly response: readonly HeaderChange[];
}

export const NO_CHANGES: LevelChanges = { request: [], response: [] };

/** Throws DecideError. */
export function compileLevel(operations: HeaderOperations): LevelChanges {
  return {
    request: compileHeaderChanges(operations.requestHeadersToAdd, operations.requestHeadersToRemove),
    response: compileHeaderChanges(operations.responseHeadersToAdd, operations.responseHeadersToRemove),
  };
}

/** All changes in the order to apply: a weighted cluster's own always come first, as in Envoy. */
export function orderChanges(levels: HeaderLevels, route: LevelChanges, cluster: LevelChanges): LevelChanges {
  const around = [route, levels.virtualHost, levels.configuration];
  const ordered = [cluster, ...(levels.mostSpecificWins ? around.reverse() : around)];
  if (ordered.every(({ request, response }) => request.length === 0 && response.length === 0)) return NO_CHANGES;
  return {
    request: joinLevels(ordered.map((level) => level.request)),
    response: joinLevels(ordered.map((level) => level.response)),
  };
}
