// The lists of 0.1: the documents of all proxies at once.
import { clustersDocument, nodeRoutes, routesDocument } from './node-documents.ts';
import { parseV1Node, type V1Node } from './v1-node.ts';
import type { V1World } from './v1-world.ts';

const CLUSTER = 'istio-proxy';

/** One entry an address of an instance, by address as text. */
export function clustersList(world: V1World) {
  return nodes(world).map((node) => {
    return { 'service-cluster': CLUSTER, 'service-node': node.address, ...clustersDocument(world, node) };
  });
}

/** By the name of the routes, then by node. */
export function routesList(world: V1World) {
  const all = nodes(world);
  const names = new Set(all.flatMap((node) => [...nodeRoutes(world, node).keys()].map(String)));
  return [...names].sort().flatMap((name) =>
    all.map((node) => ({
      'route-config-name': name,
      'service-cluster': CLUSTER,
      'service-node': node.address,
      ...routesDocument(world, node, name),
    })),
  );
}

function nodes(world: V1World): readonly V1Node[] {
  const addresses = new Set(world.instances.all.map(({ endpoint }) => endpoint.address.host));
  return [...addresses].sort().flatMap((address) => parseV1Node(address, world.release) ?? []);
}
