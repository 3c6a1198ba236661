// A service and its endpoints as istiod shows them.
import type { Endpoint, Protocol, Service, ServicePort } from '@meltemi/registry';
import { isPublic } from '../../input/visibility.ts';
import type { Snapshot } from '../../snapshot.ts';

const PROTOCOL: Readonly<Record<Protocol, string>> = {
  http: 'HTTP',
  http2: 'HTTP2',
  grpc: 'GRPC',
  'grpc-web': 'GRPC-Web',
  https: 'HTTPS',
  tls: 'TLS',
  tcp: 'TCP',
  udp: 'UDP',
  mongo: 'Mongo',
  mysql: 'MySQL',
  redis: 'Redis',
};
/** istiod's numbers. */
const RESOLUTION = { registry: 0, dns: 1, passthrough: 2 } as const;
const HEALTH = { healthy: 1, unhealthy: 2 } as const;
const CLUSTER = 'Kubernetes';

export function serviceJson(service: Service): object {
  const addresses = service.addresses ?? (service.address ? [service.address] : []);
  return {
    Attributes: {
      ServiceRegistry: registryOf(service),
      Name: service.name,
      Namespace: service.namespace,
      ExportTo: isPublic(service.exportTo) ? null : Object.fromEntries(service.exportTo.map((name) => [name, {}])),
      LabelSelectors: Object.keys(service.selector).length > 0 ? service.selector : null,
      ExternalName: service.externalName ?? '',
    },
    ports: service.ports.map(portJson),
    ...(service.serviceAccounts.length > 0 && { serviceAccounts: service.serviceAccounts }),
    hostname: service.host,
    clusterVIPs: { Addresses: addresses.length > 0 ? { [CLUSTER]: addresses } : null },
    defaultAddress: addresses[0] ?? '0.0.0.0',
    Resolution: RESOLUTION[service.resolution],
    MeshExternal: service.meshExternal,
    source: `${service.source.file}:${service.source.line}`,
  };
}

export function portJson({ name, number, protocol, unnamed }: ServicePort): object {
  return { name, port: number, protocol: unnamed ? 'UnsupportedProtocol' : PROTOCOL[protocol] };
}

/** `registry/cluster`, as istiod names the shards of endpoints. */
export function shardOf(service: Service): string {
  return `${registryOf(service)}/${CLUSTER}`;
}

export function endpointJson(endpoint: Endpoint, port: ServicePort, { mesh }: Pick<Snapshot, 'mesh'>): object {
  const { labels, address, namespace, serviceAccount } = endpoint;
  return {
    Labels: labels,
    Addresses: [address.host],
    ServicePortName: port.name,
    ServiceAccount: spiffe(mesh.trustDomain, namespace, serviceAccount),
    Locality: { Label: endpoint.locality, ClusterID: CLUSTER },
    EndpointPort: address.port,
    LbWeight: endpoint.weight,
    TLSMode: labels['security.istio.io/tlsMode'] ?? 'disabled',
    Namespace: namespace,
    WorkloadName: endpoint.workload,
    HealthStatus: HEALTH[endpoint.health],
  };
}

export function spiffe(trustDomain: string, namespace: string, account: string): string {
  return account === '' ? '' : `spiffe://${trustDomain}/ns/${namespace}/sa/${account}`;
}

function registryOf({ entry }: Service): string {
  return entry ? 'External' : 'Kubernetes';
}
