// The routes of the egress proxy: each external service under its name in the mesh.
import { mixerOptions } from './mixer-filter.ts';
import { isRouted } from './outbound-routes.ts';
import { type RouteConfigs, routeConfigs } from './route-config.ts';
import { externalCluster } from './v1-cluster.ts';
import { defaultRoute } from './v1-route.ts';
import { isExternal, type V1World } from './v1-world.ts';

/** All on the port of the egress proxy's address. */
export function egressRoutes(world: V1World): RouteConfigs {
  const options = { ...mixerOptions(world, { forward: false }), auto_host_rewrite: true as const };
  const hosts = world.services.filter(isExternal).flatMap((service) => {
    const routed = service.ports.filter((port) => isRouted(service, port));
    const routes = routed.slice(0, 1).map((port) => defaultRoute(externalCluster(world, service, port), options));
    return routes.length === 0 ? [] : [{ name: service.host, domains: [service.host], routes }];
  });
  const port = egressPort(world);
  return new Map([[port, []], ...routeConfigs(hosts.map((host) => ({ port, host })))]);
}

/** 80 where the address names none. */
export function egressPort({ mesh }: V1World): number {
  const port = Number(mesh.egressProxyAddress.split(':').at(-1));
  return Number.isInteger(port) && port > 0 ? port : 80;
}
