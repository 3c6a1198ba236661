// Makes the clusters of v1: those that a proxy calls, its own application's, Mixer's.
import type { Host, Labels } from '@meltemi/base';
import type { Protocol, Service, ServicePort } from '@meltemi/registry';
import type { ClusterDocument } from './documents.ts';
import { compact } from './json-text.ts';
import { formatServiceKey, hashedKey, outboundClusterName } from './service-key.ts';
import { isExternal, type V1World } from './v1-world.ts';

/** A cluster and, for calls that leave the proxy, what policies know it by. */
export interface V1Cluster {
  readonly document: ClusterDocument;
  readonly outbound?: Outbound;
}

/** `inMesh`: another proxy of the mesh takes the call, so it may be asked for mutual TLS. */
export interface Outbound {
  readonly host: Host;
  readonly labels: Labels;
  readonly inMesh: boolean;
}

/** A port of a service, or of one version of it. External services are called through the egress proxy, where there is one. */
export function outboundCluster(world: V1World, service: Service, port: ServicePort, labels: Labels): V1Cluster {
  const key = { host: service.host, port: port.name, labels };
  const name = outboundClusterName(key);
  if (isExternal(service)) return externalCall(world, service, port, name);
  const document = compact<ClusterDocument>({
    name,
    service_name: formatServiceKey(key),
    connect_timeout_ms: world.mesh.connectTimeoutMs,
    type: 'sds',
    lb_type: 'round_robin',
    features: featuresOf(port.protocol),
  });
  return { document, outbound: { host: service.host, labels, inMesh: true } };
}

function externalCall(world: V1World, service: Service, port: ServicePort, name: string): V1Cluster {
  const { egressProxyAddress } = world.mesh;
  const { document } = externalCluster(world, service, port);
  return {
    document: egressProxyAddress === '' ? { ...document, name } : dnsCluster(world, name, egressProxyAddress),
    outbound: { host: service.host, labels: {}, inMesh: egressProxyAddress !== '' },
  };
}

/** On the egress proxy: the external service itself. */
export function externalCluster(world: V1World, service: Service, port: ServicePort): V1Cluster {
  const name = hashedKey({ host: service.host, port: port.name, labels: {} });
  const document = dnsCluster(world, name, `${service.externalName}:${port.number}`);
  if (port.protocol === 'https') return { document: { ...document, ssl_context: {} } };
  return { document: compact<ClusterDocument>({ ...document, features: featuresOf(port.protocol) }) };
}

/** Where the caller dialled: what egress rules allow. No mutual TLS of ours there. */
export function originalDestinationCluster(world: V1World, protocol: string, host: Host | undefined): V1Cluster {
  const document = compact<ClusterDocument>({
    name: `out.orig-dst-cluster-${protocol}`,
    connect_timeout_ms: world.mesh.connectTimeoutMs,
    type: 'original_dst',
    lb_type: 'original_dst_lb',
    ssl_context: protocol === 'https' ? {} : undefined,
    features: protocol === 'http2' || protocol === 'grpc' ? 'http2' : undefined,
  });
  return host === undefined ? { document } : { document, outbound: { host, labels: {}, inMesh: false } };
}

/** A port of the proxy's own application. */
export function inboundCluster(
  world: V1World,
  port: number,
  protocol: Protocol,
  application = `127.0.0.1:${port}`,
): V1Cluster {
  const document = compact<ClusterDocument>({
    name: `in.${port}`,
    connect_timeout_ms: world.mesh.connectTimeoutMs,
    type: 'static',
    lb_type: 'round_robin',
    hosts: [{ url: `tcp://${application}` }],
    features: featuresOf(protocol),
  });
  return { document };
}

/** Its limits are far from Envoy's defaults: every request asks it. */
export function mixerCluster(world: V1World): V1Cluster {
  const document = dnsCluster(world, 'mixer_server', world.mesh.mixerAddress);
  const limits = { max_pending_requests: 10_000, max_requests: 10_000 };
  return { document: { ...document, features: 'http2', circuit_breakers: { default: limits } } };
}

function dnsCluster(world: V1World, name: string, address: string): ClusterDocument {
  return {
    name,
    connect_timeout_ms: world.mesh.connectTimeoutMs,
    type: 'strict_dns',
    lb_type: 'round_robin',
    hosts: [{ url: `tcp://${address}` }],
  };
}

function featuresOf(protocol: Protocol): 'http2' | undefined {
  return protocol === 'http2' || protocol === 'grpc' ? 'http2' : undefined;
}

/** One of each name, by name. */
export function sortClusters(clusters: readonly V1Cluster[]): readonly V1Cluster[] {
  const byName = new Map(clusters.map((cluster) => [cluster.document.name, cluster]));
  return [...byName.keys()].sort().map((name) => byName.get(name)!);
}
