// Turns the endpoints in the registry into the inputs of clusters' assignments.
import { selects } from '@meltemi/base';
import type { Subset } from '@meltemi/config';
import type { Endpoint, RegistryView, Service } from '@meltemi/registry';
import type { NamespaceScope } from '../scope.ts';
import { acrossNetworks } from './across-networks.ts';
import { outboundName } from './cluster-name.ts';
import type { EndpointInput, LocalityEndpointInput } from './endpoint-input.ts';
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
      const subsets = policies.get(service.host)?.subsets.map(({ subset }) => subset) ?? [];
      return service.ports
        .filter((port) => port.protocol !== 'udp')
        .flatMap((port) =>
          [undefined, ...subsets].map((subset) =>
            endpointInput(servers, { host: service.host, port: port.number }, subset),
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
}

type ByLabels = Map<string, EndpointInput>;

/** By list of endpoints, for all namespaces. */
const made = new WeakMap<readonly Endpoint[], ByLabels>();

/** The assignment of `outbound|port|subset|host`. Endpoints are sorted: their order in a file changes nothing. */
export function endpointInput(
  servers: KnownServers,
  service: { readonly host: string; readonly port: number },
  subset: Subset | undefined,
): EndpointInput {
  const { registry, plain, networks } = servers;
  const instances = registry.instances(service.host, service.port);
  const choice = { service, subset, instances };
  if (instances.length === 0 || plain || networks) return assignment(choice, servers);
  const inputs: ByLabels = made.get(instances) ?? new Map<string, EndpointInput>();
  made.set(instances, inputs);
  const key = JSON.stringify([service.host, service.port, subset?.name, subset?.labels]);
  const known = inputs.get(key) ?? assignment(choice, servers);
  inputs.set(key, known);
  return known;
}

interface Choice {
  readonly service: { readonly host: string; readonly port: number };
  readonly subset: Subset | undefined;
  readonly instances: readonly Endpoint[];
}

function assignment({ service, subset, instances }: Choice, servers: KnownServers): EndpointInput {
  const endpoints = selectedEndpoints(instances, subset);
  const byLocality = Map.groupBy(endpoints, (endpoint) => endpoint.locality);
  return {
    name: outboundName(service.host, service.port, subset?.name),
    localities: [...byLocality]
      .sort(([a], [b]) => compare(a, b))
      .map(([locality, members]) => ({
        locality,
        endpoints: [...dialled(members, servers)].sort(byAddress),
      })),
  };
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
