// Turns a RouteConfiguration into tables that decide fast and remember where each route was written.
import type { RouteConfiguration } from '@meltemi/api/envoy/config/route/v3/route_pb';
import {
  type VirtualHost,
  VirtualHost_TlsRequirementType as TlsRequirement,
} from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import type { HTTPFault } from '@meltemi/api/envoy/extensions/filters/http/fault/v3/fault_pb';
import { corsFieldsOf } from './cors.ts';
import { at, DecideError } from './decide-error.ts';
import type { CompiledRoute } from './decision.ts';
import { type DataReader, NO_DATA } from './direct-response.ts';
import { compileFault } from './fault.ts';
import type { ListenerFilters } from './filter-config.ts';
import { compileRouteRateLimits } from './rate-limit.ts';
import { CORS_FILTER, FAULT_FILTER, type ReadRouteConfig } from './route-filter-config.ts';
import { compileHostTable, type HostTable } from './host-table.ts';
import { type Provenance, provenanceOf } from './provenance.ts';
import { pathNeed } from './path-match.ts';
import { compileRoute, type RouteEntry } from './route-entry.ts';
import { indexRoutes, type RouteIndex } from './route-index.ts';
import { compileVirtualClusters } from './virtual-cluster.ts';
import { compileLevel, type LevelChanges, type RouteContext } from './route-level.ts';

/** What the listener's HTTP filters say where no route does. */
export interface CompileOptions {
  /** The config of the listener's fault filter. */
  readonly fault?: HTTPFault | undefined;
  /** Names of the listener's HTTP filters; per-route config of others has no effect. Undefined: all that are known. */
  readonly httpFilters?: ReadonlySet<string> | undefined;
  /** What the listener calls its fault and its CORS filter; Envoy's own names where it doesn't say. */
  readonly faultFilter?: string | undefined;
  readonly corsFilter?: string | undefined;
  /** Bodies of direct responses; without it, those outside of the configuration are refused. */
  readonly data?: DataReader | undefined;
  /** Of filters that decisions don't know: what reads their per-route config, by filter name. */
  readonly routeConfigs?: ReadonlyMap<string, ReadRouteConfig> | undefined;
}

/** A compiled RouteConfiguration: immutable. */
export interface RouteTable {
  readonly name: string;
  readonly ignorePort: boolean;
  readonly hosts: HostTable<VirtualHostEntry>;
}

export interface VirtualHostEntry extends Provenance {
  readonly name: string;
  readonly requireTls: 'none' | 'external-only' | 'all';
  /** What a redirect to TLS names as its route. */
  readonly tlsRoute: CompiledRoute;
  readonly routes: readonly RouteEntry[];
  /** Set where there are many. */
  readonly index: RouteIndex<RouteEntry> | undefined;
  /** True where some route needs a roll. */
  readonly rolls: boolean;
}

// https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route.proto
const DEFAULT_MAX_DIRECT_BODY = 4096;

/** Throws DecideError, with the virtual host and the route in its message, when the configuration cannot be honoured. */
export function compileRouteTable(config: RouteConfiguration, options: CompileOptions = {}): RouteTable {
  refuseUnsupported(config);
  const filters: ListenerFilters = {
    fault: options.fault && compileFault(options.fault),
    names: options.httpFilters,
    faultName: options.faultFilter ?? FAULT_FILTER,
    corsName: options.corsFilter ?? CORS_FILTER,
    readers: options.routeConfigs ?? new Map(),
    read: new Map(),
  };
  const headers = at(`route configuration ${config.name}`, () => compileLevel(config));
  const domains = config.virtualHosts.flatMap((host) => {
    const entry = at(placeOf('virtual host', host.name, provenanceOf(host.metadata)), () =>
      compileVirtualHost(host, { config, headers, filters, data: options.data ?? NO_DATA }),
    );
    return host.domains.map((domain) => [domain, entry] as const);
  });
  return {
    name: config.name,
    ignorePort: config.ignorePortInHostMatching,
    hosts: at(`route configuration ${config.name}`, () => compileHostTable(domains)),
  };
}

function refuseUnsupported(config: RouteConfiguration): void {
  const unsupported = [
    ...(config.vhds ? ['vhds'] : []),
    ...(config.internalOnlyHeaders.length > 0 ? ['internal_only_headers'] : []),
    ...config.clusterSpecifierPlugins
      .filter((plugin) => !plugin.isOptional)
      .map((plugin) => `cluster specifier plugin ${plugin.extension?.name ?? ''}`),
  ];
  if (unsupported.length > 0) {
    throw new DecideError('UNSUPPORTED', `route configuration ${config.name}: ${unsupported.join(', ')}`);
  }
}

const REQUIRE_TLS: Readonly<Record<TlsRequirement, VirtualHostEntry['requireTls']>> = {
  [TlsRequirement.NONE]: 'none',
  [TlsRequirement.EXTERNAL_ONLY]: 'external-only',
  [TlsRequirement.ALL]: 'all',
};

/** What the virtual hosts of a route configuration share. */
interface ConfigScope {
  readonly config: RouteConfiguration;
  readonly headers: LevelChanges;
  readonly filters: ListenerFilters;
  readonly data: DataReader;
}

function compileVirtualHost(host: VirtualHost, scope: ConfigScope): VirtualHostEntry {
  if (host.domains.length === 0) throw new DecideError('BAD_DOMAIN', 'there are no domains');
  if (host.retryPolicyTypedConfig) throw new DecideError('UNSUPPORTED', 'retry_policy_typed_config');
  if (host.matcher) throw new DecideError('UNSUPPORTED', 'a matcher tree in the place of routes');
  const context = contextOf(host, scope);
  const routes = host.routes.map((route, index) =>
    at(placeOf('route', route.name || `#${index}`, provenanceOf(route.metadata)), () => compileRoute(route, context)),
  );
  const provenance = provenanceOf(host.metadata);
  return {
    name: host.name,
    ...provenance,
    requireTls: REQUIRE_TLS[host.requireTls],
    tlsRoute: { name: '', virtualHost: host.name, ...provenance, operation: undefined },
    routes,
    index: indexRoutes(
      routes,
      host.routes.map(({ match }) => match && pathNeed(match, context.ignorePathParameters)),
    ),
    rolls: routes.some((route) => route.rolls),
  };
}

function contextOf(host: VirtualHost, { config, headers, filters, data }: ConfigScope): RouteContext {
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
  };
}

function placeOf(kind: string, name: string, provenance: Provenance): string {
  const written = provenance.source ?? provenance.config;
  return written === undefined ? `${kind} ${name}` : `${kind} ${name} (${written})`;
}
