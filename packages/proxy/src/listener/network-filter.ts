// Turns the network filters of a chain into the one that ends it, with the access rules before it: a closed set, chosen by the message of its config.
import { fromBinary } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import type { AccessLog as AccessLogConfig } from '@meltemi/api/envoy/config/accesslog/v3/accesslog_pb';
import type { Filter } from '@meltemi/api/envoy/config/listener/v3/listener_components_pb';
import {
  type HttpConnectionManager,
  HttpConnectionManagerSchema,
} from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { RBACSchema } from '@meltemi/api/envoy/extensions/filters/network/rbac/v3/rbac_pb';
import { type TcpProxy, TcpProxySchema } from '@meltemi/api/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb';
import { type AccessFilter, compileNetworkAccess } from '@meltemi/decide';
import { type AccessLog, accessLogOf } from '@meltemi/telemetry';
import { ConnectionManager } from '../http/connection-manager.ts';
import { FilterConfigError } from '../http/http-config-error.ts';
import { closeHttpFilters, compileHttpFilters, type HttpFilters } from '../http/http-filters.ts';
import { httpSettings } from '../http/http-settings.ts';
import { inlineRoutes, type RouteSlot, watchedRoutes } from '../http/route-slot.ts';
import { TcpProxyManager } from '../tcp/tcp-proxy-manager.ts';
import { tcpSettings } from '../tcp/tcp-settings.ts';
import { ListenerConfigError } from './listener-config-error.ts';
import type { ListenerParts } from './listener-parts.ts';

export type NetworkFilter =
  | { readonly kind: 'http'; readonly manager: ConnectionManager }
  | { readonly kind: 'tcp'; readonly manager: TcpProxyManager };

/** What the chain tells its filter. */
export interface FilterPlace {
  readonly chainName: string;
  /** Configuration that was missing came. */
  readonly onReady: () => void;
  readonly onConnectionClosed: () => void;
}

/** Throws a typed error that names what is unknown or can't be honoured. */
export function compileNetworkFilter(
  filters: readonly Filter[],
  place: FilterPlace,
  parts: ListenerParts,
): NetworkFilter {
  const filter = filters.at(-1);
  if (!filter) throw new ListenerConfigError('BAD_FILTER_CHAIN', `filter chain "${place.chainName}" has no filters`);
  const access = filters.slice(0, -1).map(accessFilter);
  const typed = typedConfigOf(filter);
  switch (typed && typeNameOf(typed)) {
    case HttpConnectionManagerSchema.typeName: {
      // A connection manager judges requests, and what it does not know may not be left out.
      if (filters.length > 1) throw unknownFilter(filters[0]!);
      const config = fromBinary(HttpConnectionManagerSchema, typed!.value);
      return { kind: 'http', manager: httpManager(config, place, parts) };
    }
    case TcpProxySchema.typeName: {
      const config = fromBinary(TcpProxySchema, typed!.value);
      return { kind: 'tcp', manager: tcpManager(config, access, place, parts) };
    }
    default:
      throw unknownFilter(filter);
  }
}

function accessFilter(filter: Filter): AccessFilter {
  const typed = typedConfigOf(filter);
  if (!typed || typeNameOf(typed) !== RBACSchema.typeName) throw unknownFilter(filter);
  return compileNetworkAccess(fromBinary(RBACSchema, typed.value));
}

function typedConfigOf({ configType }: Filter): Any | undefined {
  return configType.case === 'typedConfig' ? configType.value : undefined;
}

function typeNameOf({ typeUrl }: Any): string {
  return typeUrl.slice(typeUrl.lastIndexOf('/') + 1);
}

/** True when everything that the filter needs is here. */
export function isReady(filter: NetworkFilter): boolean {
  return filter.kind === 'tcp' || filter.manager.routes.table !== undefined;
}

function httpManager(config: HttpConnectionManager, place: FilterPlace, parts: ListenerParts): ConnectionManager {
  const settings = httpSettings(config);
  return withAccessLogs(config.accessLog, parts, (accessLogs) => {
    const filters = compileHttpFilters(config.httpFilters, { ...parts, statPrefix: settings.statPrefix });
    try {
      const routes = routesOf(config, filters, place, parts);
      return new ConnectionManager({ ...sharedOptions(place, parts), settings, filters, routes, accessLogs });
    } catch (error) {
      closeHttpFilters(filters);
      throw error;
    }
  });
}

function tcpManager(
  config: TcpProxy,
  access: readonly AccessFilter[],
  place: FilterPlace,
  parts: ListenerParts,
): TcpProxyManager {
  const settings = tcpSettings(config);
  return withAccessLogs(
    config.accessLog,
    parts,
    (accessLogs) => new TcpProxyManager({ ...sharedOptions(place, parts), settings, access, accessLogs }),
  );
}

function sharedOptions(place: FilterPlace, parts: ListenerParts) {
  return { ...parts, filterChainName: place.chainName, onConnectionClosed: place.onConnectionClosed };
}

/** Opens the logs for a manager; where it can't be made, they are given back. */
function withAccessLogs<Manager>(
  configs: readonly AccessLogConfig[],
  parts: ListenerParts,
  make: (accessLogs: readonly AccessLog[]) => Manager,
): Manager {
  const accessLogs: AccessLog[] = [];
  try {
    for (const log of configs) accessLogs.push(accessLogOf(log, parts.accessLogs));
    return make(accessLogs);
  } catch (error) {
    for (const log of accessLogs) log.close();
    throw error;
  }
}

function routesOf(
  config: HttpConnectionManager,
  filters: HttpFilters,
  place: FilterPlace,
  parts: ListenerParts,
): RouteSlot {
  const specifier = config.routeSpecifier;
  switch (specifier.case) {
    case 'routeConfig':
      return inlineRoutes(specifier.value, filters);
    case 'rds':
      return watchedRoutes(
        {
          source: specifier.value.configSource,
          name: specifier.value.routeConfigName,
          watch: parts.watchRoutes,
          awaitClusters: parts.awaitClusters,
        },
        filters,
        place.onReady,
      );
    default:
      throw new FilterConfigError('UNSUPPORTED_FIELD', `route specifier "${specifier.case}" is not supported`);
  }
}

function unknownFilter(filter: Filter): ListenerConfigError {
  const type =
    filter.configType.case === 'typedConfig' ? filter.configType.value.typeUrl : (filter.configType.case ?? '');
  return new ListenerConfigError('UNKNOWN_FILTER', `network filter ${filter.name}: unknown type ${type}`);
}
