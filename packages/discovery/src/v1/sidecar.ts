// The listeners and clusters of a sidecar.
import type { ClusterDocument, ListenerDocument } from './documents.ts';
import { withPolicy } from './cluster-policy.ts';
import { instancesDomain } from './domains.ts';
import { inbound } from './inbound.ts';
import type { Instance } from './instance.ts';
import { outboundRoutes } from './outbound-routes.ts';
import { outboundTcp } from './outbound-tcp.ts';
import { type RouteConfigs, routesOf } from './route-config.ts';
import { sortClusters, type V1Cluster } from './v1-cluster.ts';
import { httpListener, sortListeners, virtualListener } from './v1-listener.ts';
import type { V1Node } from './v1-node.ts';
import { nodeInstances, type V1World } from './v1-world.ts';

/** The name of the route configuration of all ports. */
export const ALL_ROUTES = 'http_proxy';

export interface Sidecar {
  readonly instances: readonly Instance[];
  readonly routes: RouteConfigs;
  readonly listeners: readonly ListenerDocument[];
  readonly clusters: readonly ClusterDocument[];
}

/** Without interception there is only the HTTP proxy; it may also stand beside it. */
export function sidecar(world: V1World, node: V1Node): Sidecar {
  const instances = nodeInstances(world, node);
  const routes = sidecarRoutes(world, node);
  const tcp = outboundTcp(world);
  const own = inbound(world, node, instances);
  const intercepts = world.mesh.proxyListenPort > 0;
  const clusters: readonly V1Cluster[] = [
    ...(intercepts ? [...own.clusters, ...tcp.clusters] : []),
    ...routesOf(routes).flatMap((route) => route.clusters),
  ];
  const intercepting = [
    virtualListener(world),
    ...own.listeners,
    ...portListeners(world, node, instances, routes),
    ...tcp.listeners,
  ];
  return {
    instances,
    routes,
    listeners: sortListeners([
      ...(intercepts ? intercepting : []),
      ...httpProxyListener(world, node, instances, routes),
    ]),
    clusters: sortClusters(clusters).map((cluster) => withPolicy(world, cluster, instances)),
  };
}

/** The routes of its calls, by port. */
export function sidecarRoutes(world: V1World, node: V1Node): RouteConfigs {
  const instances = nodeInstances(world, node);
  return outboundRoutes(world, { instances, domain: node.domain ?? instancesDomain(instances) });
}

/** Requests to all services of a port come together in one listener. */
function portListeners(
  world: V1World,
  node: V1Node,
  instances: readonly Instance[],
  routes: RouteConfigs,
): readonly ListenerDocument[] {
  return [...routes].map(([port, hosts]) => {
    const faults = hosts.flatMap((host) => host.routes).flatMap((route) => route.faults);
    const where = { host: '0.0.0.0', port, routes: String(port), bindToPort: false };
    return httpListener(world, { node, instances, faults, ...where });
  });
}

function httpProxyListener(
  world: V1World,
  node: V1Node,
  instances: readonly Instance[],
  routes: RouteConfigs,
): readonly ListenerDocument[] {
  const port = world.mesh.proxyHttpPort;
  if (port <= 0) return [];
  const faults = routesOf(routes).flatMap((route) => route.faults);
  const where = { host: '127.0.0.1', port, routes: ALL_ROUTES, bindToPort: true };
  return [httpListener(world, { node, instances, faults, ...where })];
}
