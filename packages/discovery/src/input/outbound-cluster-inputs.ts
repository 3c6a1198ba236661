// Turns what a namespace sees into the inputs of its outbound clusters: each port of each service, by subset.
import { parseDuration } from '@meltemi/base';
import type { ConnectionPool, LoadBalancer, OutlierDetection, Subset } from '@meltemi/config';
import { type RegistryView, type Service, type ServicePort } from '@meltemi/registry';
import type { MeshSettings } from '../mesh.ts';
import type { NamespaceScope } from '../scope.ts';
import type {
  ConnectionPoolInput,
  DnsEndpointInput,
  LoadBalancerInput,
  OutboundClusterInput,
  OutlierDetectionInput,
  Provenance,
} from './cluster-input.ts';
import { outboundName } from './cluster-name.ts';
import { clusterTlsInput } from './cluster-tls-input.ts';
import { type DestinationPolicy, NO_POLICY, portPolicy } from './destination-policy.ts';
import { selectedEndpoints } from './endpoint-inputs.ts';
import { httpVersion } from './http-version.ts';

export interface OutboundSources {
  readonly registry: RegistryView;
  readonly mesh: MeshSettings;
  /** True: callers dial addresses, which a proxy in their way can keep. False: they name hosts. */
  readonly redirected: boolean;
}

/** All outbound clusters of a namespace; of a subset as of the whole. UDP has none. */
export function outboundClusterInputs(visible: NamespaceScope, sources: OutboundSources): OutboundClusterInput[] {
  return visible.services.flatMap((service) => {
    const policy = visible.policies.get(service.host) ?? NO_POLICY;
    return service.ports
      .filter((port) => port.protocol !== 'udp' && isReachable(service, sources.redirected))
      .flatMap((port) => portClusters(service, port, policy, sources));
  });
}

/** A wildcard that nobody lists endpoints for cannot be dialled: there is no name to look up. */
function isReachable({ resolution, host }: Service, redirected: boolean): boolean {
  return resolution === 'registry' || (redirected && resolution === 'passthrough') || !host.startsWith('*');
}

function portClusters(
  service: Service,
  port: ServicePort,
  policy: DestinationPolicy,
  sources: OutboundSources,
): OutboundClusterInput[] {
  return [
    clusterInput(service, port, { policy, subset: undefined, provenance: policy.provenance }, sources),
    ...policy.subsets.map(({ subset, provenance }) =>
      clusterInput(service, port, { policy, subset, provenance }, sources),
    ),
  ];
}

interface Choice {
  readonly policy: DestinationPolicy;
  readonly subset: Subset | undefined;
  readonly provenance: Provenance | undefined;
}

function clusterInput(
  service: Service,
  port: ServicePort,
  choice: Choice,
  sources: OutboundSources,
): OutboundClusterInput {
  const { mesh, redirected } = sources;
  const { subset } = choice;
  const said = portPolicy(choice.policy, port.number, subset);
  return {
    kind: 'outbound',
    name: outboundName(service.host, port.number, subset?.name),
    discovery: discovery(service, port, subset, sources),
    http: redirected && port.unnamed ? 'as-received' : httpVersion(port.protocol),
    loadBalancer: loadBalancerInput(said.loadBalancer, mesh),
    connectionPool: connectionPoolInput(said.connectionPool, mesh),
    outlierDetection: said.outlierDetection && outlierDetectionInput(said.outlierDetection),
    tls: clusterTlsInput(service, port, said.tls, { mesh, redirected, subset: subset?.name ?? '' }),
    service: { host: service.host, name: service.name, namespace: service.namespace },
    subset: subset?.name ?? '',
    provenance: choice.provenance,
  };
}

function discovery(
  service: Service,
  port: ServicePort,
  subset: Subset | undefined,
  { registry, redirected }: OutboundSources,
): OutboundClusterInput['discovery'] {
  if (service.resolution === 'registry') return { kind: 'eds' };
  if (redirected && service.resolution === 'passthrough') return { kind: 'original-destination' };
  return { kind: 'dns', endpoints: dnsEndpoints(service, port, subset, registry) };
}

/**
 * Endpoints that are looked up by name. A `passthrough` service is looked up by its own host:
 * the caller spoke to an explicit proxy, so no address was dialled that could be kept.
 */
function dnsEndpoints(
  service: Service,
  port: ServicePort,
  subset: Subset | undefined,
  registry: RegistryView,
): DnsEndpointInput[] {
  const known = selectedEndpoints(registry.instances(service.host, port.number), subset);
  const listed = known.map(({ address, weight }) => ({ ...address, weight }));
  if (listed.length > 0 || subset) return listed;
  return [{ host: service.host, port: typeof port.targetPort === 'number' ? port.targetPort : port.number, weight: 0 }];
}

const SIMPLE: Readonly<Record<string, LoadBalancerInput>> = {
  LEAST_REQUEST: { kind: 'least-request' },
  LEAST_CONN: { kind: 'least-request' },
  ROUND_ROBIN: { kind: 'round-robin' },
  RANDOM: { kind: 'random' },
};

function loadBalancerInput(said: LoadBalancer | undefined, mesh: MeshSettings): LoadBalancerInput {
  const hash = said?.consistentHash;
  if (hash?.maglev) return { kind: 'maglev', tableSize: hash.maglev.tableSize ?? 65_537 };
  if (hash)
    return { kind: 'ring-hash', minimumRingSize: hash.ringHash?.minimumRingSize ?? hash.minimumRingSize ?? 1024 };
  return SIMPLE[said?.simple ?? ''] ?? SIMPLE[mesh.loadBalancer]!;
}

function connectionPoolInput(said: ConnectionPool | undefined, mesh: MeshSettings): ConnectionPoolInput {
  const { tcp, http } = said ?? {};
  return withoutUndefined({
    connectTimeoutMs: milliseconds(tcp?.connectTimeout) ?? mesh.connectTimeoutMs,
    maxConnections: tcp?.maxConnections,
    maxPendingRequests: http?.http1MaxPendingRequests,
    maxRequests: http?.http2MaxRequests,
    maxRequestsPerConnection: http?.maxRequestsPerConnection,
    maxRetries: http?.maxRetries,
    idleTimeoutMs: milliseconds(http?.idleTimeout ?? tcp?.idleTimeout),
  });
}

function outlierDetectionInput(said: OutlierDetection): OutlierDetectionInput {
  return withoutUndefined({
    consecutive5xx: said.consecutive5xxErrors ?? said.consecutiveErrors,
    consecutiveGatewayErrors: said.consecutiveGatewayErrors,
    intervalMs: milliseconds(said.interval),
    baseEjectionTimeMs: milliseconds(said.baseEjectionTime),
    maxEjectionPercent: said.maxEjectionPercent,
    minHealthPercent: said.minHealthPercent,
  });
}

function milliseconds(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseDuration(text);
}

/** Inputs are compared as JSON, where an absent field and an undefined one are the same. */
function withoutUndefined<Fields extends object>(fields: { [Key in keyof Fields]: Fields[Key] | undefined }): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Fields;
}
