// Subscribes to the routes of connection managers, counted under the name of each.
import type { StatsStore } from '@meltemi/telemetry';
import type { WatchRoutes } from '../http/route-slot.ts';
import { subscriptionStats } from './subscription-stats.ts';
import type { TextReadouts } from './text-readouts.ts';
import type { XdsClients } from './xds-clients.ts';

/** Stats stand under `http.PREFIX.rds.NAME`. */
export function routeWatch(xds: XdsClients, stats: StatsStore, readouts: TextReadouts): WatchRoutes {
  return (source, name, onRoutes, statPrefix = '') => {
    const manager = stats.scope('http', { http_conn_manager_prefix: statPrefix });
    const scope = manager.scope('rds', { rds_route_config: name });
    const fullName = `http.${statPrefix}.rds.${name}`;
    const watch = xds.forConfigSource(source).watch('RDS', name, {
      onResource: onRoutes,
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
