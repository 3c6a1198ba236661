// The listeners and clusters of the ingress and the egress proxy.
import { withPolicy } from './cluster-policy.ts';
import type { ClusterDocument, ListenerDocument } from './documents.ts';
import { egressPort, egressRoutes } from './egress-routes.ts';
import { mutualTls } from './inbound.ts';
import { INGRESS_PORT, INGRESS_TLS_PORT, ingressRoutes, ingressSecret } from './ingress-routes.ts';
import { type RouteConfigs, routesOf } from './route-config.ts';
import { INGRESS_FILES } from './tls-files.ts';
import { sortClusters } from './v1-cluster.ts';
import { httpListener } from './v1-listener.ts';
import type { V1Node } from './v1-node.ts';
import type { V1World } from './v1-world.ts';

/** Port 80, and port 443 where a path has a secret. */
export function ingressListeners(world: V1World, node: V1Node): readonly ListenerDocument[] {
  const common = { node, instances: [], host: '0.0.0.0', useRemoteAddress: true, bindToPort: true };
  const plain = httpListener(world, { ...common, port: INGRESS_PORT, routes: String(INGRESS_PORT) });
  if (ingressSecret(world) === '') return [plain];
  const tls = { ...INGRESS_FILES, require_client_certificate: false };
  return [plain, httpListener(world, { ...common, port: INGRESS_TLS_PORT, routes: String(INGRESS_TLS_PORT), tls })];
}

/** None where the mesh has no egress proxy. */
export function egressListeners(world: V1World, node: V1Node): readonly ListenerDocument[] {
  if (world.mesh.egressProxyAddress === '') return [];
  const port = egressPort(world);
  const where = { host: '0.0.0.0', port, routes: String(port), bindToPort: true };
  return [httpListener(world, { node, instances: [], ...where, tls: mutualTls(world) })];
}

export function gatewayRoutes(world: V1World, node: V1Node): RouteConfigs {
  return node.kind === 'egress' ? egressRoutes(world) : ingressRoutes(world);
}

export function gatewayClusters(world: V1World, node: V1Node): readonly ClusterDocument[] {
  const clusters = routesOf(gatewayRoutes(world, node)).flatMap((route) => route.clusters);
  return sortClusters(clusters).map((cluster) => withPolicy(world, cluster, []));
}
