// Makes the connection manager that ends a chain: its filters, routes and logs.
import type { HttpConnectionManager } from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { spells } from '../../codec/http1-options.ts';
import { ConnectionManager } from '../../http/connection-manager.ts';
import { FilterConfigError } from '../../http/http-config-error.ts';
import { closeHttpFilters, compileHttpFilters, filtersReady, type HttpFilters } from '../../http/http-filters.ts';
import { httpSettings } from '../../http/http-settings.ts';
import { compileReplyMapping } from '../../http/reply-mapping.ts';
import { inlineRoutes, type RouteSlot, watchedRoutes } from '../../http/route-slot.ts';
import { openTracer } from '../../tracing/open-tracer.ts';
import { openAccessLogs } from '../access-logs.ts';
import type { ListenerParts } from '../listener-parts.ts';
import type { FilterPlace } from './filter-place.ts';
import type { TerminalFilter } from './terminal-filter.ts';

/** Throws a typed error for what can't be honoured. */
export function httpFilter(config: HttpConnectionManager, place: FilterPlace, parts: ListenerParts): TerminalFilter {
  const manager = httpManager(config, place, parts);
  return {
    get ready() {
      return manager.routes.ready && filtersReady(manager.filters);
    },
    get openConnections() {
      return manager.openConnections;
    },
    multiplexes: manager.settings.codec !== 'http1' && !spells(manager.settings.http1),
    accept: (transport, localUris) => manager.accept(transport, localUris),
    drain: () => manager.drain(),
    closeIdle: () => manager.closeIdle(),
    close: () => manager.close(),
  };
}

function httpManager(config: HttpConnectionManager, place: FilterPlace, parts: ListenerParts): ConnectionManager {
  const settings = httpSettings(config);
  const replyMapping = compileReplyMapping(config.localReplyConfig, parts);
  const accessLogs = openAccessLogs(config.accessLog, parts);
  try {
    const filters = compileHttpFilters(config.httpFilters, {
      ...parts,
      statPrefix: settings.statPrefix,
      onReady: place.onReady,
      node: parts.accessLogs.node,
      direction: parts.direction ?? 'unspecified',
    });
    try {
      const traced = { statPrefix: settings.statPrefix, inbound: parts.direction !== 'outbound' };
      const tracer = openTracer(config.tracing, traced, { ...parts, node: parts.accessLogs.node });
      const routes = routesOf(config, filters, place, parts);
      const { chainName: filterChainName, onConnectionClosed } = place;
      return new ConnectionManager({
        ...parts,
        filterChainName,
        onConnectionClosed,
        settings,
        filters,
        routes,
        accessLogs,
        replyMapping,
        tracer,
      });
    } catch (error) {
      closeHttpFilters(filters);
      throw error;
    }
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
      return inlineRoutes(specifier.value, filters, parts.clusters);
    case 'rds':
      return watchedRoutes(
        {
          source: specifier.value.configSource,
          name: specifier.value.routeConfigName,
          watch: (source, name, onRoutes, onMissing) =>
            parts.watchRoutes(source, name, onRoutes, onMissing, config.statPrefix),
          awaitClusters: parts.awaitClusters,
          clusters: parts.clusters,
        },
        filters,
        place.onReady,
      );
    default:
      throw new FilterConfigError('UNSUPPORTED_FIELD', `route specifier "${specifier.case}" is not supported`);
  }
}
