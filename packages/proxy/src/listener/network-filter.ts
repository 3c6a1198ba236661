// Turns the network filters of a chain into the one that ends it: a closed set, chosen by the message of its config.
import { fromBinary } from '@bufbuild/protobuf';
import type { AccessLog as AccessLogConfig } from '@meltemi/api/envoy/config/accesslog/v3/accesslog_pb';
import type { Filter } from '@meltemi/api/envoy/config/listener/v3/listener_components_pb';
import {
  type HttpConnectionManager,
  HttpConnectionManagerSchema,
} from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { type TcpProxy, TcpProxySchema } from '@meltemi/api/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb';
import { type AccessLog, accessLogOf } from '@meltemi/telemetry';
import { ConnectionManager } from '../http/connection-manager.ts';
import { FilterConfigError } from '../http/http-config-error.ts';
import type { HttpFilters } from '../http/http-filters.ts';
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
  const [filter, ...others] = filters;
  if (!filter) throw new ListenerConfigError('BAD_FILTER_CHAIN', `filter chain "${place.chainName}" has no filters`);
  if (others.length > 0) throw unknownFilter(others[0]!);
  const typed = filter.configType.case === 'typedConfig' ? filter.configType.value : undefined;
  switch (typed?.typeUrl.slice(typed.typeUrl.lastIndexOf('/') + 1)) {
    case HttpConnectionManagerSchema.typeName:
      return {
        kind: 'http',
        manager: httpManager(fromBinary(HttpConnectionManagerSchema, typed.value), place, parts),
      };
    case TcpProxySchema.typeName:
      return { kind: 'tcp', manager: tcpManager(fromBinary(TcpProxySchema, typed.value), place, parts) };
    default:
      throw unknownFilter(filter);
  }
}

/** True when everything that the filter needs is here. */
export function isReady(filter: NetworkFilter): boolean {
  return filter.kind === 'tcp' || filter.manager.routes.table !== undefined;
}

function httpManager(config: HttpConnectionManager, place: FilterPlace, parts: ListenerParts): ConnectionManager {
  const settings = httpSettings(config);
  return withAccessLogs(config.accessLog, parts, (accessLogs) => {
    const routes = routesOf(config, settings.filters, place, parts);
    return new ConnectionManager({ ...sharedOptions(place, parts), settings, routes, accessLogs });
  });
}

function tcpManager(config: TcpProxy, place: FilterPlace, parts: ListenerParts): TcpProxyManager {
  const settings = tcpSettings(config);
  return withAccessLogs(
    config.accessLog,
    parts,
    (accessLogs) => new TcpProxyManager({ ...sharedOptions(place, parts), settings, accessLogs }),
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
