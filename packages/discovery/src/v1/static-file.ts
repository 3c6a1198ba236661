// The file that the agent of 0.1 gave its Envoy: listeners, TCP clusters, and where the rest is asked for.
import { withPolicy } from './cluster-policy.ts';
import type { ClusterDocument, ListenerDocument } from './documents.ts';
import { egressListeners, ingressListeners } from './gateways.ts';
import { inbound } from './inbound.ts';
import { outboundTcp } from './outbound-tcp.ts';
import { sidecar } from './sidecar.ts';
import { sortClusters } from './v1-cluster.ts';
import type { V1Node } from './v1-node.ts';
import { nodeInstances, type V1World } from './v1-world.ts';

/** Envoy's v1 configuration. The clusters of requests come by CDS. The node is an address, or `ingress` or `egress`. */
export function staticFile(world: V1World, caller: V1Node) {
  const node = named(world, caller);
  const { mesh } = world;
  const discovery = (name: string): ClusterDocument => dnsCluster(world, name, mesh.discoveryAddress);
  const asked = (name: string) => ({ cluster: discovery(name), refresh_delay_ms: mesh.rdsRefreshDelayMs });
  const zipkin = mesh.zipkinAddress === '' ? [] : [dnsCluster(world, 'zipkin', mesh.zipkinAddress)];
  return {
    listeners: fileListeners(world, node),
    admin: { access_log_path: '/dev/stdout', address: 'tcp://0.0.0.0:15000' },
    cluster_manager: {
      clusters: [...connectionClusters(world, node), ...zipkin, discovery('rds')],
      sds: asked('sds'),
      cds: asked('cds'),
    },
    ...(mesh.zipkinAddress !== '' && { tracing: TRACING }),
  };
}

/** Mixer wants the name of the pod that has the address. */
function named(world: V1World, node: V1Node): V1Node {
  const pod = world.snapshot.registry.workloads.find(({ address }) => address !== '' && address === node.address);
  return pod ? { ...node, id: `${pod.name}.${pod.namespace}` } : node;
}

const TRACING = {
  http: { driver: { type: 'zipkin', config: { collector_cluster: 'zipkin', collector_endpoint: '/api/v1/spans' } } },
};

/** The one that takes intercepted connections stands last. */
function fileListeners(world: V1World, node: V1Node): readonly ListenerDocument[] {
  if (node.kind === 'ingress') return ingressListeners(world, node);
  if (node.kind === 'egress') return egressListeners(world, node);
  const { listeners } = sidecar(world, node);
  return [
    ...listeners.filter((listener) => !listener.use_original_dst),
    ...listeners.filter((listener) => listener.use_original_dst),
  ];
}

function connectionClusters(world: V1World, node: V1Node): readonly ClusterDocument[] {
  if (node.kind !== 'sidecar') return [];
  const instances = nodeInstances(world, node);
  const clusters = [...inbound(world, node, instances).clusters, ...outboundTcp(world).clusters];
  return sortClusters(clusters).map((cluster) => withPolicy(world, cluster, instances));
}

function dnsCluster({ mesh }: V1World, name: string, address: string): ClusterDocument {
  return {
    name,
    connect_timeout_ms: mesh.connectTimeoutMs,
    type: 'strict_dns',
    lb_type: 'round_robin',
    hosts: [{ url: `tcp://${address}` }],
  };
}
