// Endpoints and EndpointSlices → what Kubernetes found for each service.
import type { Endpoints, EndpointAddress, EndpointSlice, EndpointSubset } from '@meltemi/config';
import type { FoundEndpoints } from './kube-endpoints.ts';

/** Names the service that a slice is of. */
const SERVICE = 'kubernetes.io/service-name';

/** All slices of a service together; they stand before an Endpoints object, which Kubernetes keeps for older readers. */
export function foundEndpoints(objects: readonly Endpoints[], slices: readonly EndpointSlice[]): FoundEndpoints[] {
  const named = slices.filter(({ metadata, addressType }) => metadata.labels[SERVICE] && addressType !== 'FQDN');
  const byService = Map.groupBy(named, ({ metadata }) => `${metadata.namespace}/${metadata.labels[SERVICE]}`);
  const sliced = [...byService.values()].map((all) => {
    const { metadata } = all[0]!;
    return { metadata: { ...metadata, name: metadata.labels[SERVICE]! }, subsets: all.map(subsetOf) };
  });
  const rest = objects.filter(({ metadata }) => !byService.has(`${metadata.namespace}/${metadata.name}`));
  return [...sliced, ...rest];
}

/** The first address of an endpoint stands for it, as for Kubernetes' own proxies. */
function subsetOf({ endpoints, ports }: EndpointSlice): EndpointSubset {
  const ready = endpoints.filter(({ conditions }) => conditions?.ready !== false);
  return {
    addresses: ready.flatMap(({ addresses, targetRef }): EndpointAddress[] =>
      addresses.slice(0, 1).map((ip) => ({ ip, ...(targetRef && { targetRef }) })),
    ),
    ports: ports.flatMap(({ port, ...rest }) => (port === undefined ? [] : [{ ...rest, port }])),
  };
}
