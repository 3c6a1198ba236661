// Turns the endpoints in the registry into the inputs of clusters' assignments.
import { formatSocketAddress, type Labels, selects } from '@meltemi/base';
import type { LocalityLoadBalancing, Subset } from '@meltemi/config';
import type { Endpoint, RegistryView, Service } from '@meltemi/registry';
import type { NamespaceScope } from '../scope.ts';
import type { MeshSettings } from '../mesh.ts';
import { acrossNetworks } from './across-networks.ts';
import { outboundName } from './cluster-name.ts';
import { type DestinationPolicy, NO_POLICY, portPolicy } from './destination-policy.ts';
import type { EndpointInput, LocalityEndpointInput } from './endpoint-input.ts';
import { balanced, type Caller, type LabelledEndpoint, localityBalance } from './locality-balance.ts';
import { localityLabels } from './locality-labels.ts';
import { networkOf, type NetworkView } from './networks.ts';
import { isPlainServer, type PlainServers } from './plain-servers.ts';

const TLS_MODE = 'security.istio.io/tlsMode';

/** The endpoints that carry the subset's labels; all of them without a subset. */
export function selectedEndpoints(endpoints: readonly Endpoint[], subset: Subset | undefined): readonly Endpoint[] {
  return subset ? endpoints.filter((endpoint) => selects(subset.labels ?? {}, endpoint.labels)) : endpoints;
}

/**
 * The assignments of all clusters of a namespace that find their endpoints here, or of some of its services. Those of a
 * service follow from the service, its policy and its own endpoints, and from nothing else.
 */
export function endpointInputs(
  { policies }: Pick<NamespaceScope, 'policies'>,
  services: readonly Service[],
  servers: KnownServers,
): EndpointInput[] {
  return services
    .filter((service) => service.resolution !== 'dns')
    .flatMap((service) => {
      const policy = policies.get(service.host) ?? NO_POLICY;
      const subsets = policy.subsets.map(({ subset }) => subset);
      return service.ports
        .filter((port) => port.protocol !== 'udp')
        .flatMap((port) =>
          [undefined, ...subsets].map((subset) =>
            endpointInput(balancedFor(servers, policy, port.number, subset), servedPort(service, port.number), subset),
          ),
        );
    });
}

export interface KnownServers {
  readonly registry: RegistryView;
  /** Undefined: all that have a sidecar take mutual TLS. */
  readonly plain: PlainServers | undefined;
  /** Undefined: every endpoint is dialled itself. */
  readonly networks?: NetworkView | undefined;
  /** Undefined: localities are used alike. */
  readonly nearness?: Nearness | undefined;
}

/** Who calls, and what decides how near an endpoint is. */
export interface Nearness {
  readonly caller: Caller;
  readonly mesh: MeshSettings;
  /** Of one cluster. */
  readonly balance?: LocalityLoadBalancing | undefined;
}

function balancedFor(
  { nearness, ...servers }: KnownServers,
  policy: DestinationPolicy,
  port: number,
  subset: Subset | undefined,
): KnownServers {
  const balance = nearness && localityBalance(portPolicy(policy, port, subset), nearness.mesh);
  return balance ? { ...servers, nearness: { ...nearness, balance } } : servers;
}

type ByLabels = Map<string, EndpointInput>;

/** By list of endpoints, for all namespaces. */
const made = new WeakMap<readonly Endpoint[], ByLabels>();

/** The assignment of `outbound|port|subset|host`. Endpoints are sorted: their order in a file changes nothing. */
export function endpointInput(servers: KnownServers, service: ServedPort, subset: Subset | undefined): EndpointInput {
  const { registry, plain, networks, nearness } = servers;
  const instances = registry.instances(service.host, service.port, service.namespace);
  const choice = { service, subset, instances };
  if (instances.length === 0 || plain || networks || nearness) return assignment(choice, servers);
  const inputs: ByLabels = made.get(instances) ?? new Map<string, EndpointInput>();
  made.set(instances, inputs);
  const key = JSON.stringify([service.host, service.port, subset?.name, subset?.labels]);
  const known = inputs.get(key) ?? assignment(choice, servers);
  inputs.set(key, known);
  return known;
}

/** A port of a service. */
interface ServedPort {
  readonly host: string;
  readonly namespace: string;
  readonly port: number;
}

export function servedPort({ host, namespace }: Service, port: number): ServedPort {
  return { host, namespace, port };
}

interface Choice {
  readonly service: ServedPort;
  readonly subset: Subset | undefined;
  readonly instances: readonly Endpoint[];
}

function assignment({ service, subset, instances }: Choice, servers: KnownServers): EndpointInput {
  const endpoints = selectedEndpoints(instances, subset);
  const byLocality = [...Map.groupBy(endpoints, (endpoint) => endpoint.locality)].sort(([a], [b]) => compare(a, b));
  const name = outboundName(service.host, service.port, subset?.name);
  const { balance, caller } = servers.nearness ?? {};
  if (balance && caller) {
    const labelled = byLocality.map(([locality, members]) => ({
      locality,
      endpoints: labelledEndpoints(members, servers),
    }));
    return { name, localities: balanced(labelled, balance, caller) };
  }
  return {
    name,
    localities: byLocality.map(([locality, members]) => ({
      locality,
      endpoints: [...dialled(members, servers)].sort(byAddress),
    })),
  };
}

/** Gateways to other networks have no labels. */
function labelledEndpoints(members: readonly Endpoint[], servers: KnownServers): readonly LabelledEndpoint[] {
  const labels = new Map(members.map((member) => [formatSocketAddress(member.address), placeLabels(member)]));
  return [...dialled(members, servers)]
    .sort(byAddress)
    .map((endpoint) => ({ endpoint, labels: labels.get(formatSocketAddress(endpoint)) ?? {} }));
}

/** Its own, and those that say where it is. */
function placeLabels({ labels, locality, network }: Endpoint): Labels {
  return { ...labels, ...localityLabels(locality), ...(network && { 'topology.istio.io/network': network }) };
}

/** Where connections to endpoints of one locality go. */
function dialled(members: readonly Endpoint[], servers: KnownServers): readonly LocalityEndpointInput[] {
  const { networks } = servers;
  const own = (endpoint: Endpoint) => localityEndpoint(endpoint, takesMutualTls(endpoint, servers));
  if (!networks) return members.map(own);
  const networked = members.map((each) => ({ network: networkOf(each, networks), endpoint: own(each) }));
  return acrossNetworks(networked, networks, (address, weight) => ({
    ...NO_WORKLOAD,
    ...address,
    weight,
    inMesh: true,
  }));
}

/** As the label says that an injected pod gets; what a user wrote has a sidecar where it has an identity. */
function hasSidecar({ labels, written, serviceAccount }: Endpoint): boolean {
  const mode = labels[TLS_MODE];
  return mode === undefined ? written === true && serviceAccount !== '' : mode === 'istio';
}

/** It has a sidecar, and nothing switches mutual TLS off there. */
export function takesMutualTls(endpoint: Endpoint, { registry, plain }: KnownServers): boolean {
  return hasSidecar(endpoint) && !(plain && isPlainServer(endpoint, plain, registry));
}

/** The application by Istio's labels, else by Kubernetes'. Of an address alone nothing is known. */
function workloadNames({ labels, workload, namespace, written }: Endpoint) {
  if (workload === '') return { workload, namespace: '', canonicalName: '', canonicalRevision: '' };
  const first = (...names: readonly string[]) => names.map((name) => labels[name]).find(Boolean);
  return {
    workload,
    namespace,
    canonicalName: first('service.istio.io/canonical-name', 'app.kubernetes.io/name', 'app') ?? workload,
    canonicalRevision:
      first('service.istio.io/canonical-revision', 'app.kubernetes.io/version', 'version') ?? (written ? '' : 'latest'),
  };
}

/** An address without a workload. */
export const NO_WORKLOAD = {
  workload: '',
  namespace: '',
  canonicalName: '',
  canonicalRevision: '',
  inMesh: false,
  healthy: true,
  weight: 0,
} as const;

export function localityEndpoint(endpoint: Endpoint, inMesh: boolean): LocalityEndpointInput {
  return {
    host: endpoint.address.host,
    port: endpoint.address.port,
    healthy: endpoint.health === 'healthy',
    weight: endpoint.weight,
    ...workloadNames(endpoint),
    inMesh,
  };
}

function byAddress(a: LocalityEndpointInput, b: LocalityEndpointInput): number {
  return compare(a.host, b.host) || a.port - b.port;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
