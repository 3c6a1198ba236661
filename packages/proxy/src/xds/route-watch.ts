// Subscribes to the routes of connection managers, counted under the name of each.
import type { StatsScope, StatsStore } from '@meltemi/telemetry';
import {
  ApiConfigSource_ApiType as ApiType,
  type ConfigSource,
} from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import type { WatchHosts } from '../http/discovered-hosts.ts';
import type { WatchRoutes } from '../http/route-slot.ts';
import { subscriptionStats } from './subscription-stats.ts';
import type { TextReadouts } from './text-readouts.ts';
import type { XdsClients } from './xds-clients.ts';

/** Stats stand under `http.PREFIX.rds.NAME`. */
export function routeWatch(xds: XdsClients, stats: StatsStore, readouts: TextReadouts): WatchRoutes {
  return (source, name, onRoutes, onMissing, statPrefix = '') => {
    const manager = stats.scope('http', { http_conn_manager_prefix: statPrefix });
    const scope = manager.scope('rds', { rds_route_config: name });
    const fullName = `http.${statPrefix}.rds.${name}`;
    const watchHosts = hostWatch(xds, manager, `http.${statPrefix}`, readouts);
    const watch = xds.forConfigSource(source).watch('RDS', name, {
      onResource: (routes) => onRoutes(routes, watchHosts),
      onMissing,
      stats: subscriptionStats(scope, fullName, readouts),
    });
    return {
      close() {
        watch.close();
        scope.close();
        readouts.delete(`${fullName}.version_text`);
      },
    };
  };
}

/** Stats of a route configuration's own subscription stand under `http.PREFIX.rds.vhds.NAME`. */
function hostWatch(xds: XdsClients, manager: StatsScope, prefix: string, readouts: TextReadouts): WatchHosts {
  return (source, name, watcher) => {
    const unfit = source?.configSourceSpecifier.case === 'apiConfigSource' && !isDelta(source);
    if (unfit) throw new TypeError("vhds: only 'DELTA_GRPC' is supported as an api_type");
    if (name.includes('/')) return xds.forConfigSource(source).watch('VHDS', name, watcher);
    const scope = manager.scope('rds').scope('vhds').scope(name);
    const fullName = `${prefix}.rds.vhds.${name}`;
    const stats = subscriptionStats(scope, fullName, readouts);
    const watch = xds.forConfigSource(source).watch('VHDS', name, { ...watcher, stats });
    return {
      close() {
        watch.close();
        scope.close();
        readouts.delete(`${fullName}.version_text`);
      },
    };
  };
}

const DELTA: readonly ApiType[] = [ApiType.DELTA_GRPC, ApiType.AGGREGATED_DELTA_GRPC];

function isDelta({ configSourceSpecifier: { case: kind, value } }: ConfigSource): boolean {
  return kind === 'apiConfigSource' && DELTA.includes(value.apiType);
}
