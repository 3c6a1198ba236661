// Turns a RouteConfiguration into tables that decide fast and remember where each route was written.
import type { RouteConfiguration } from '@meltemi/api/envoy/config/route/v3/route_pb';
import type { HTTPFault } from '@meltemi/api/envoy/extensions/filters/http/fault/v3/fault_pb';
import { at } from './decide-error.ts';
import { type DataReader, NO_DATA } from './direct-response.ts';
import { compileFault } from './fault.ts';
import type { ListenerFilters } from './filter-config.ts';
import { CORS_FILTER, FAULT_FILTER, type ReadRouteConfig } from './route-filter-config.ts';
import type { ForwardingRules } from './forwarding-rules.ts';
import { compileHostTable, type HostTable } from './host-table.ts';
import { placeOf, provenanceOf } from './provenance.ts';
import { RecentEqual } from './recent-equal.ts';
import { refuseTableFields } from './route-fields.ts';
import { compileLevel } from './route-level.ts';
import type { Timeouts } from './timeouts.ts';
import { compileVirtualHost, type VirtualHostEntry } from './virtual-host.ts';

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

/** Throws DecideError, with the virtual host and the route in its message, when the configuration cannot be honoured. */
export function compileRouteTable(config: RouteConfiguration, options: CompileOptions = {}): RouteTable {
  refuseTableFields(config);
  const filters: ListenerFilters = {
    fault: options.fault && compileFault(options.fault),
    names: options.httpFilters,
    faultName: options.faultFilter ?? FAULT_FILTER,
    corsName: options.corsFilter ?? CORS_FILTER,
    readers: options.routeConfigs ?? new Map(),
    read: new Map(),
  };
  const headers = at(`route configuration ${config.name}`, () => compileLevel(config));
  const shared = { timeouts: new RecentEqual<Timeouts>(), rules: new RecentEqual<ForwardingRules>() };
  const domains = config.virtualHosts.flatMap((host) => {
    const entry = at(placeOf('virtual host', host.name, provenanceOf(host.metadata)), () =>
      compileVirtualHost(host, { config, headers, filters, data: options.data ?? NO_DATA, shared }),
    );
    return host.domains.map((domain) => [domain, entry] as const);
  });
  return {
    name: config.name,
    ignorePort: config.ignorePortInHostMatching,
    hosts: at(`route configuration ${config.name}`, () => compileHostTable(domains)),
  };
}
