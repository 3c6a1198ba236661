// Lists the clusters that a RouteConfiguration sends requests to by name.
import type { RouteConfiguration } from '@meltemi/api/envoy/config/route/v3/route_pb';
import { routesOf } from '@meltemi/decide';
import type { Route } from '@meltemi/api/envoy/config/route/v3/route_components_pb';

export function routeClusters(config: RouteConfiguration): ReadonlySet<string> {
  return new Set(config.virtualHosts.flatMap((host) => routesOf(host).flatMap(clustersOf)));
}

function clustersOf(route: Route): readonly string[] {
  if (route.action.case !== 'route') return [];
  const { clusterSpecifier, requestMirrorPolicies } = route.action.value;
  const mirrors = requestMirrorPolicies.map((mirror) => mirror.cluster);
  switch (clusterSpecifier.case) {
    case 'cluster':
      return [clusterSpecifier.value, ...mirrors];
    case 'weightedClusters':
      return [...clusterSpecifier.value.clusters.map((cluster) => cluster.name), ...mirrors];
    default:
      return mirrors;
  }
}
