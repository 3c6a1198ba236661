// Turns what a namespace sees into the inputs of its outbound clusters: each port of each service, by subset.
import type { LoadBalancer, Subset } from '@meltemi/config';
import { type RegistryView, type Service, type ServicePort } from '@meltemi/registry';
import { Memo } from '../memo/memo.ts';
import type { MeshSettings } from '../mesh.ts';
import type { NamespaceScope } from '../scope.ts';
import type { LoadBalancerInput, OutboundClusterInput, ServiceReference } from './cluster-input.ts';
import { outboundName } from './cluster-name.ts';
import { clusterTlsInput } from './cluster-tls-input.ts';
import { type DestinationPolicy, NO_POLICY, portPolicy } from './destination-policy.ts';
import type { PlainServers } from './plain-servers.ts';
import type { Provenance } from './provenance.ts';
import type { LocalityEndpointInput } from './endpoint-input.ts';
import { localityEndpoint, NO_WORKLOAD, selectedEndpoints, takesMutualTls } from './endpoint-inputs.ts';
import { httpVersion } from './http-version.ts';
import { connectionPoolInput, outlierDetectionInput, upgradedVersion } from './pool-inputs.ts';
import { localityBalance, weighsLocalities } from './locality-balance.ts';
import { statName } from './stat-name.ts';

export interface OutboundSources {
  readonly registry: RegistryView;
  readonly mesh: MeshSettings;
  /** What switches mutual TLS off somewhere; undefined: nothing. */
  readonly plain: PlainServers | undefined;
  /** True: callers dial addresses, which a proxy in their way can keep. False: they name hosts. */
  readonly redirected: boolean;
  /** True: nobody dials addresses here; hosts are chosen from what the registry says. */
  readonly gateway: boolean;
}

/**
 * All outbound clusters of a namespace; of a subset as of the whole. UDP has none, nor has a name for another service
 * where callers dial addresses.
 */
export function outboundClusterInputs(visible: NamespaceScope, sources: OutboundSources): OutboundClusterInput[] {
  const { redirected } = sources;
  return visible.services.flatMap((service) => {
    if (redirected && service.externalName !== undefined) return [];
    const policy = visible.policies.get(service.host) ?? NO_POLICY;
    return service.ports
      .filter((port) => port.protocol !== 'udp' && isReachable(service, redirected))
      .flatMap((port) => rememberedClusters(service, port, policy, sources));
  });
}

interface ClusterSources extends OutboundSources {
  readonly service: Service;
  readonly policy: DestinationPolicy;
  readonly [source: string]: unknown;
}

/** By port of a service, for all namespaces that have the same policy for it. */
const clustersByPort = new WeakMap<ServicePort, Memo<ClusterSources, OutboundClusterInput[]>>();

function rememberedClusters(
  service: Service,
  port: ServicePort,
  policy: DestinationPolicy,
  sources: OutboundSources,
): OutboundClusterInput[] {
  const memo = clustersByPort.get(port) ?? new Memo<ClusterSources, OutboundClusterInput[]>({ registry: {} });
  clustersByPort.set(port, memo);
  const from = { ...sources, service, policy };
  return memo.result(service.host, from, (seen) => portClusters(service, port, policy, seen));
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
  ].filter(({ discovery: found }) => found.kind !== 'dns' || found.endpoints.length > 0);
}

/** How metadata names a service. */
export function serviceReference({ host, name, namespace }: Service): ServiceReference {
  return { host, name, namespace };
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
  const { mesh } = sources;
  const looksAtBytes = sources.redirected && !sources.gateway;
  const { subset } = choice;
  const said = { ...mesh.trafficPolicy, ...portPolicy(choice.policy, port.number, subset) };
  const counted = statName(mesh.statNames.outbound, { service, port, subset: subset?.name ?? '', targetPort: 0 });
  const version = looksAtBytes && port.unnamed ? 'as-received' : httpVersion(port.protocol);
  const found =
    said.loadBalancer?.simple === 'PASSTHROUGH'
      ? dialledAddress(service, port)
      : discovery(service, port, subset, sources);
  const dialled = found.kind === 'original-destination';
  const balance = localityBalance(said, mesh);
  return {
    kind: 'outbound',
    name: outboundName(service.host, port.number, subset?.name),
    ...(counted && { statName: counted }),
    discovery: found,
    http: upgradedVersion(version, said.connectionPool, mesh.h2Upgrade && port.protocol === 'http'),
    loadBalancer: loadBalancerInput(said.loadBalancer, mesh),
    connectionPool: connectionPoolInput(said.connectionPool, mesh),
    outlierDetection: said.outlierDetection && outlierDetectionInput(said.outlierDetection),
    ...(balance && weighsLocalities(balance) && { weighsLocalities: true as const }),
    tls: clusterTlsInput(service, port, said.tls, { ...sources, dialled, subset: subset?.name ?? '' }),
    service: { reference: serviceReference(service), external: service.meshExternal },
    subset: subset?.name ?? '',
    provenance: choice.provenance,
  };
}

function discovery(
  service: Service,
  port: ServicePort,
  subset: Subset | undefined,
  sources: OutboundSources,
): OutboundClusterInput['discovery'] {
  const { redirected, gateway } = sources;
  const dialled = service.headless || service.resolution === 'passthrough';
  if (redirected && dialled && !gateway) return dialledAddress(service, port);
  if (service.resolution === 'registry' || (redirected && dialled)) return { kind: 'eds' };
  const endpoints = dnsEndpoints(service, port, subset, sources);
  return { kind: 'dns', once: service.dnsOnce === true, refreshMs: sources.mesh.dnsRefreshMs, endpoints };
}

/** Where the caller went; of what an entry declares, at the port that the target listens on. */
function dialledAddress(
  { resolution }: Service,
  { number, targetPort }: ServicePort,
): OutboundClusterInput['discovery'] {
  const moved = resolution === 'passthrough' && typeof targetPort === 'number' && targetPort !== number;
  const other = moved ? { port: targetPort } : {};
  return { kind: 'original-destination', ...other };
}

/**
 * Endpoints that are looked up by name. A `passthrough` service is looked up by its own host:
 * the caller spoke to an explicit proxy, so no address was dialled that could be kept.
 */
function dnsEndpoints(
  service: Service,
  port: ServicePort,
  subset: Subset | undefined,
  servers: OutboundSources,
): LocalityEndpointInput[] {
  const known = selectedEndpoints(servers.registry.instances(service.host, port.number, service.namespace), subset);
  if (known.length > 0 || subset) {
    return known.map((endpoint) => ({
      ...localityEndpoint(endpoint, takesMutualTls(endpoint, servers)),
      ...(endpoint.locality && { locality: endpoint.locality }),
    }));
  }
  const number = typeof port.targetPort === 'number' ? port.targetPort : port.number;
  return [{ ...NO_WORKLOAD, host: service.host, port: number }];
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
