// The documents of one proxy: LDS, RDS and CDS.
import type { ClusterDocument, ListenerDocument, RouteConfigDocument } from './documents.ts';
import { egressListeners, gatewayClusters, gatewayRoutes, ingressListeners } from './gateways.ts';
import { combined, type RouteConfigs, routeConfigDocument, routesOf } from './route-config.ts';
import { withPolicy } from './cluster-policy.ts';
import { ALL_ROUTES, sidecar, sidecarRoutes } from './sidecar.ts';
import { mixerCluster, sortClusters } from './v1-cluster.ts';
import type { V1Node } from './v1-node.ts';
import { nodeInstances, type V1World } from './v1-world.ts';

export interface ListenersDocument {
  readonly listeners: readonly ListenerDocument[];
}

export interface ClustersDocument {
  readonly clusters: readonly ClusterDocument[];
}

export function listenersDocument(world: V1World, node: V1Node): ListenersDocument {
  switch (node.kind) {
    case 'sidecar':
      return { listeners: sidecar(world, node).listeners };
    case 'egress':
      return { listeners: egressListeners(world, node) };
    case 'ingress':
      return { listeners: ingressListeners(world, node) };
    case 'router':
      return { listeners: [] };
  }
}

/** In 0.1 the clusters of requests alone are asked for: the others stand in the proxy's file. */
export function clustersDocument(world: V1World, node: V1Node): ClustersDocument {
  if (world.release === '0.1' && node.kind === 'sidecar') return { clusters: requestClusters(world, node) };
  const own = node.kind === 'sidecar' ? sidecar(world, node).clusters : gatewayClusters(world, node);
  const mixer = world.release === '0.1' || world.mesh.mixerAddress === '' ? [] : [mixerCluster(world).document];
  return { clusters: [...own, ...mixer] };
}

/** `name`: a port, or that of all ports. A port that nobody serves has no hosts. */
export function routesDocument(world: V1World, node: V1Node, name: string): RouteConfigDocument {
  const configs = nodeRoutes(world, node);
  const hosts = name === ALL_ROUTES ? combined(configs) : (configs.get(Number(name)) ?? []);
  return routeConfigDocument(hosts);
}

/** The names under which a proxy may ask for routes. */
export function nodeRoutes(world: V1World, node: V1Node): RouteConfigs {
  return node.kind === 'sidecar' ? sidecarRoutes(world, node) : gatewayRoutes(world, node);
}

function requestClusters(world: V1World, node: V1Node): readonly ClusterDocument[] {
  const instances = nodeInstances(world, node);
  const clusters = routesOf(sidecarRoutes(world, node)).flatMap((route) => route.clusters);
  return sortClusters(clusters).map((cluster) => withPolicy(world, cluster, instances));
}
