// Turns the endpoints in the registry into the inputs of clusters' assignments.
import { selects } from '@meltemi/base';
import type { Subset } from '@meltemi/config';
import type { Endpoint, RegistryView } from '@meltemi/registry';
import type { NamespaceScope } from '../scope.ts';
import { outboundName } from './cluster-name.ts';
import type { EndpointInput, LocalityEndpointInput } from './endpoint-input.ts';

/** The label that an injected pod gets. */
const TLS_MODE = 'security.istio.io/tlsMode';

/** The endpoints that carry the subset's labels; all of them without a subset. */
export function selectedEndpoints(endpoints: readonly Endpoint[], subset: Subset | undefined): readonly Endpoint[] {
  return subset ? endpoints.filter((endpoint) => selects(subset.labels ?? {}, endpoint.labels)) : endpoints;
}

/** The assignments of all clusters of a namespace that find their endpoints here. */
export function endpointInputs(visible: NamespaceScope, registry: RegistryView): EndpointInput[] {
  return visible.services
    .filter((service) => service.resolution === 'registry')
    .flatMap((service) => {
      const subsets = visible.policies.get(service.host)?.subsets.map(({ subset }) => subset) ?? [];
      return service.ports
        .filter((port) => port.protocol !== 'udp')
        .flatMap((port) =>
          [undefined, ...subsets].map((subset) =>
            endpointInput(registry, { host: service.host, port: port.number }, subset),
          ),
        );
    });
}

/** The assignment of `outbound|port|subset|host`. Endpoints are sorted: their order in a file changes nothing. */
export function endpointInput(
  registry: RegistryView,
  service: { readonly host: string; readonly port: number },
  subset: Subset | undefined,
): EndpointInput {
  const endpoints = selectedEndpoints(registry.instances(service.host, service.port), subset);
  const byLocality = Map.groupBy(endpoints, (endpoint) => endpoint.locality);
  return {
    name: outboundName(service.host, service.port, subset?.name),
    localities: [...byLocality]
      .sort(([a], [b]) => compare(a, b))
      .map(([locality, members]) => ({ locality, endpoints: members.map(localityEndpoint).sort(byAddress) })),
  };
}

function localityEndpoint(endpoint: Endpoint): LocalityEndpointInput {
  return {
    host: endpoint.address.host,
    port: endpoint.address.port,
    healthy: endpoint.health === 'healthy',
    weight: endpoint.weight,
    workload: endpoint.workload,
    namespace: endpoint.namespace,
    inMesh: endpoint.labels[TLS_MODE] === 'istio',
  };
}

function byAddress(a: LocalityEndpointInput, b: LocalityEndpointInput): number {
  return compare(a.host, b.host) || a.port - b.port;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
