// What a sidecar takes in for its own application: listeners and clusters of its instances and probed ports.
import { formatSocketAddress } from '@meltemi/base';
import type { ListenerDocument, ListenerTlsDocument } from './documents.ts';
import type { Instance } from './instance.ts';
import { mixerOptions, tcpMixerFilter } from './mixer-filter.ts';
import { routeConfigDocument } from './route-config.ts';
import { routeMatch } from './route-match.ts';
import { CERTIFICATE_FILES } from './tls-files.ts';
import { inboundCluster, type V1Cluster } from './v1-cluster.ts';
import { httpListener, tcpListener } from './v1-listener.ts';
import type { V1Node } from './v1-node.ts';
import { defaultRoute, inOrder, type V1Route } from './v1-route.ts';
import { rulesOfInstances } from './v1-rules.ts';
import { managementPorts, type V1World } from './v1-world.ts';

export interface Inbound {
  readonly listeners: readonly ListenerDocument[];
  readonly clusters: readonly V1Cluster[];
}

/** A service's port stands before a probed one of the same number. */
export function inbound(world: V1World, node: V1Node, instances: readonly Instance[]): Inbound {
  const served = instances.filter(({ port }) => port.protocol !== 'udp');
  const probed = managementPorts(world, node);
  const clusters = [
    ...probed.map((port) => inboundCluster(world, port, 'tcp')),
    ...served.map((instance) => applicationCluster(world, instance)),
  ];
  const listeners = [
    ...served.map((instance) => instanceListener(world, node, instance, instances)),
    ...probed.map((port) => managementListener(world, node, port)),
  ];
  return { listeners, clusters };
}

function instanceListener(
  world: V1World,
  node: V1Node,
  instance: Instance,
  instances: readonly Instance[],
): ListenerDocument {
  const { host, port } = instance.endpoint.address;
  const { protocol } = instance.port;
  const tls = mutualTls(world);
  if (protocol === 'http' || protocol === 'http2' || protocol === 'grpc') {
    const routes = inboundRoutes(world, instance, instances);
    const document = routeConfigDocument([{ name: `inbound|${port}`, domains: ['*'], routes }]);
    return httpListener(world, { node, instances, host, port, routes: document, tls, bindToPort: false });
  }
  const cluster = `in.${port}`;
  const filters = tcpMixerFilter(world, node);
  return tcpListener(world, { host, port, protocol, cluster, filters, addresses: [host], tls });
}

/** Where pods share a network, the application listens on another port than its proxy. */
function applicationCluster(world: V1World, { endpoint, port }: Instance): V1Cluster {
  const workload = world.snapshot.registry.workload(endpoint.namespace, endpoint.workload);
  const app = workload?.placement?.inbound.find(({ listen }) => listen.port === endpoint.address.port)?.app;
  return inboundCluster(world, endpoint.address.port, port.protocol, app && formatSocketAddress(app));
}

/** Websockets must be allowed by name on both sides of a call. */
function inboundRoutes(world: V1World, instance: Instance, instances: readonly Instance[]): readonly V1Route[] {
  const cluster = applicationCluster(world, instance);
  const options = mixerOptions(world, { forward: false });
  const rules = instance.port.protocol === 'http' ? rulesOfInstances(world.rules, instances) : [];
  const websockets = rules
    .filter(({ spec }) => spec.websocketUpgrade)
    .map(({ spec }): V1Route => {
      const target = { cluster: cluster.document.name, ...options, use_websocket: true as const };
      return { document: inOrder({ ...routeMatch(spec), ...target }), clusters: [cluster], faults: [] };
    });
  return [...websockets, defaultRoute(cluster, options)];
}

/** The platform that asks knows neither Mixer nor our keys. */
function managementListener(world: V1World, { address }: V1Node, port: number): ListenerDocument {
  return tcpListener(world, { host: address, port, protocol: 'tcp', cluster: `in.${port}`, addresses: [address] });
}

export function mutualTls({ mesh }: V1World): ListenerTlsDocument | undefined {
  return mesh.mutualTls ? { ...CERTIFICATE_FILES, require_client_certificate: true } : undefined;
}
