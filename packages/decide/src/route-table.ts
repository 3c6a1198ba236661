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
import { compileFault } from './fault.ts';
import type { ListenerFilters } from './filter-config.ts';
import type { ReadRouteConfig } from './route-filter-config.ts';
import { compileHostTable, type HostTable } from './host-table.ts';
import { type Provenance, provenanceOf } from './provenance.ts';
import { compileRoute, type RouteEntry } from './route-entry.ts';
import { compileLevel, type LevelChanges, type RouteContext } from './route-level.ts';

/** What the listener's HTTP filters say where no route does. */
export interface CompileOptions {
  /** The config of the listener's fault filter. */
  readonly fault?: HTTPFault | undefined;
  /** Names of the listener's HTTP filters; per-route config of others has no effect. Undefined: all that are known. */
  readonly httpFilters?: ReadonlySet<string> | undefined;
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
  /** True where some route needs a roll. */
  readonly rolls: boolean;
}

// https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route.proto
const DEFAULT_MAX_DIRECT_BODY = 4096;

/** Throws DecideError, with the virtual host and the route in its message, when the configuration cannot be honoured. */
export function compileRouteTable(config: RouteConfiguration, options: CompileOptions = {}): RouteTable {
  if (config.vhds) throw new DecideError('UNSUPPORTED', `route configuration ${config.name}: vhds`);
  const filters: ListenerFilters = {
    fault: options.fault && compileFault(options.fault),
    names: options.httpFilters,
    readers: options.routeConfigs ?? new Map(),
    read: new Map(),
  };
  const headers = at(`route configuration ${config.name}`, () => compileLevel(config));
  const domains = config.virtualHosts.flatMap((host) => {
    const entry = at(placeOf('virtual host', host.name, provenanceOf(host.metadata)), () =>
      compileVirtualHost(host, config, headers, filters),
    );
    return host.domains.map((domain) => [domain, entry] as const);
  });
  return {
    name: config.name,
    ignorePort: config.ignorePortInHostMatching,
    hosts: at(`route configuration ${config.name}`, () => compileHostTable(domains)),
  };
}

const REQUIRE_TLS: Readonly<Record<TlsRequirement, VirtualHostEntry['requireTls']>> = {
  [TlsRequirement.NONE]: 'none',
  [TlsRequirement.EXTERNAL_ONLY]: 'external-only',
  [TlsRequirement.ALL]: 'all',
};

function compileVirtualHost(
  host: VirtualHost,
  config: RouteConfiguration,
  headers: LevelChanges,
  filters: ListenerFilters,
): VirtualHostEntry {
  if (host.domains.length === 0) throw new DecideError('BAD_DOMAIN', 'there are no domains');
  if (host.matcher) throw new DecideError('UNSUPPORTED', 'a matcher tree in the place of routes');
  const context = contextOf(host, config, headers, filters);
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
    rolls: routes.some((route) => route.rolls),
  };
}

function contextOf(
  host: VirtualHost,
  config: RouteConfiguration,
  configuration: LevelChanges,
  filters: ListenerFilters,
): RouteContext {
  const mirrorPolicies =
    host.requestMirrorPolicies.length > 0 ? host.requestMirrorPolicies : config.requestMirrorPolicies;
  return {
    virtualHost: host.name,
    filters,
    filterConfigs: [host.typedPerFilterConfig, config.typedPerFilterConfig],
    cors: host.cors ? [corsFieldsOf(host.cors)] : [],
    retryPolicy: host.retryPolicy,
    mirrorPolicies,
    headers: {
      mostSpecificWins: config.mostSpecificHeaderMutationsWins,
      virtualHost: compileLevel(host),
      configuration,
    },
    includeAttemptCount: host.includeRequestAttemptCount,
    includeAttemptCountInResponse: host.includeAttemptCountInResponse,
    ignorePathParameters: config.ignorePathParametersInPathMatching,
    maxDirectBody: config.maxDirectResponseBodySizeBytes ?? DEFAULT_MAX_DIRECT_BODY,
  };
}

function placeOf(kind: string, name: string, provenance: Provenance): string {
  const written = provenance.source ?? provenance.config;
  return written === undefined ? `${kind} ${name}` : `${kind} ${name} (${written})`;
}
