// Turns a virtual host into its routes, ready to decide, and what holds for all of them.
import type { RouteConfiguration } from '@meltemi/api/envoy/config/route/v3/route_pb';
import {
  type VirtualHost,
  VirtualHost_TlsRequirementType as TlsRequirement,
} from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { corsFieldsOf } from './cors.ts';
import { DecideError } from './decide-error.ts';
import type { CompiledRoute } from './decision.ts';
import type { DataReader } from './direct-response.ts';
import type { ListenerFilters } from './filter-config.ts';
import { type Provenance, provenanceOf } from './provenance.ts';
import { compileRouteRateLimits } from './rate-limit.ts';
import { compileLevel, type LevelChanges, type RouteContext, type SharedParts } from './route-level.ts';
import { refuseHostFields } from './route-fields.ts';
import { compileRouteList, type RouteList } from './route-list.ts';
import { compileRouteTree, type RouteTree } from './route-tree.ts';
import { compileVirtualClusters } from './virtual-cluster.ts';

export interface VirtualHostEntry extends Provenance {
  readonly name: string;
  readonly requireTls: 'none' | 'external-only' | 'all';
  /** What a redirect to TLS names as its route. */
  readonly tlsRoute: CompiledRoute;
  /** Tried in their order, where there is no tree. */
  readonly list: RouteList;
  /** Chooses what is tried, by the request. */
  readonly tree: RouteTree | undefined;
  /** True where some route needs a roll. */
  readonly rolls: boolean;
}

/** What the virtual hosts of a route configuration share. */
export interface ConfigScope {
  readonly config: RouteConfiguration;
  readonly headers: LevelChanges;
  readonly filters: ListenerFilters;
  readonly data: DataReader;
  readonly shared: SharedParts;
}

// https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route.proto
const DEFAULT_MAX_DIRECT_BODY = 4096;

/** Throws DecideError, with the route in its message. */
export function compileVirtualHost(host: VirtualHost, scope: ConfigScope): VirtualHostEntry {
  if (host.domains.length === 0) throw new DecideError('BAD_DOMAIN', 'there are no domains');
  refuseHostFields(host);
  if (host.matcher && host.routes.length > 0) throw new DecideError('BAD_MATCH', 'both a matcher and routes');
  const context = contextOf(host, scope);
  const list = compileRouteList(host.routes, context);
  const tree = host.matcher && compileRouteTree(host.matcher, context);
  const provenance = provenanceOf(host.metadata);
  return {
    name: host.name,
    ...provenance,
    requireTls: REQUIRE_TLS[host.requireTls],
    tlsRoute: { name: '', virtualHost: host.name, ...provenance, operation: undefined },
    list,
    tree,
    rolls: [list, ...(tree?.lists ?? [])].some(({ routes }) => routes.some((route) => route.rolls)),
  };
}

const REQUIRE_TLS: Readonly<Record<TlsRequirement, VirtualHostEntry['requireTls']>> = {
  [TlsRequirement.NONE]: 'none',
  [TlsRequirement.EXTERNAL_ONLY]: 'external-only',
  [TlsRequirement.ALL]: 'all',
};

function contextOf(host: VirtualHost, { config, headers, filters, data, shared }: ConfigScope): RouteContext {
  const mirrorPolicies =
    host.requestMirrorPolicies.length > 0 ? host.requestMirrorPolicies : config.requestMirrorPolicies;
  return {
    virtualHost: host.name,
    filters,
    filterConfigs: [host.typedPerFilterConfig, config.typedPerFilterConfig],
    cors: host.cors ? [corsFieldsOf(host.cors)] : [],
    retryPolicy: host.retryPolicy,
    hedgePolicy: host.hedgePolicy,
    bufferLimit: host.perRequestBufferLimitBytes,
    includeIsTimeoutRetry: host.includeIsTimeoutRetryHeader,
    mirrorPolicies,
    rateLimits: compileRouteRateLimits(host.rateLimits),
    virtualCluster: compileVirtualClusters(host.virtualClusters),
    headers: {
      mostSpecificWins: config.mostSpecificHeaderMutationsWins,
      virtualHost: compileLevel(host),
      configuration: headers,
    },
    includeAttemptCount: host.includeRequestAttemptCount,
    includeAttemptCountInResponse: host.includeAttemptCountInResponse,
    ignorePathParameters: config.ignorePathParametersInPathMatching,
    maxDirectBody: config.maxDirectResponseBodySizeBytes ?? DEFAULT_MAX_DIRECT_BODY,
    data,
    shared,
  };
}
