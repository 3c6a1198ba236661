// A sidecar's calls that are not HTTP: a listener at the address of each service's port.
import type { Service, ServicePort } from '@meltemi/registry';
import type { ListenerDocument } from './documents.ts';
import { originalDestinationCluster, outboundCluster, type V1Cluster } from './v1-cluster.ts';
import { tcpListener } from './v1-listener.ts';
import { isExternal, type V1World } from './v1-world.ts';

export interface OutboundTcp {
  readonly listeners: readonly ListenerDocument[];
  readonly clusters: readonly V1Cluster[];
}

/** External services have no address in the mesh, and UDP isn't proxied. */
export function outboundTcp(world: V1World): OutboundTcp {
  const calls = world.services
    .filter((service) => !isExternal(service))
    .flatMap((service) => service.ports.filter(isTcp).map((port) => call(world, service, port)));
  return { listeners: calls.map(({ listener }) => listener), clusters: calls.map(({ cluster }) => cluster) };
}

function isTcp({ protocol }: ServicePort): boolean {
  return protocol !== 'udp' && protocol !== 'http' && protocol !== 'http2' && protocol !== 'grpc';
}

/** A service without an address is dialled at its endpoints: any address on its port goes where it was sent. */
function call(world: V1World, service: Service, port: ServicePort) {
  const headless = service.address === '';
  const cluster = headless
    ? originalDestinationCluster(world, 'tcp', undefined)
    : outboundCluster(world, service, port, {});
  const listener = tcpListener(world, {
    host: headless ? '0.0.0.0' : service.address,
    port: port.number,
    protocol: port.protocol,
    cluster: cluster.document.name,
    addresses: headless ? [] : [service.address],
  });
  return { cluster, listener };
}
