// An Endpoints object → the endpoints of its service's ports: what Kubernetes found stands before what we would pick.
import type { SocketAddress } from '@meltemi/base';
import type { EndpointAddress, Endpoints } from '@meltemi/config';
import type { Endpoint } from './endpoint.ts';
import type { ServicePort } from './service.ts';
import type { Workload } from './workload.ts';
import type { WorkloadIndex } from './workload-index.ts';

/** Where Kubernetes found a service, whose name and namespace it bears. */
export type FoundEndpoints = Pick<Endpoints, 'metadata' | 'subsets'>;

/** The endpoints of one port, in the object's order. A port of the object is a service's by its name. */
export function kubeEndpoints(
  object: FoundEndpoints,
  port: ServicePort,
  workloads: WorkloadIndex,
  place: (workload: Workload, port: number) => SocketAddress,
): readonly Endpoint[] {
  const { namespace } = object.metadata;
  return object.subsets.flatMap(({ addresses = [], ports = [] }) => {
    const number = ports.find(({ name = '' }) => name === port.name)?.port;
    if (number === undefined) return [];
    return addresses.map((address): Endpoint => {
      const workload = workloadAt(address, namespace, workloads);
      return {
        address: workload?.placement ? place(workload, number) : { host: address.ip, port: number },
        labels: workload?.labels ?? {},
        namespace,
        serviceAccount: workload?.serviceAccount ?? '',
        workload: workload?.name ?? '',
        health: 'healthy',
        weight: 0,
        locality: workload?.locality ?? '',
      };
    });
  });
}

/** The workloads behind an Endpoints object. */
export function kubeWorkloads(object: FoundEndpoints, workloads: WorkloadIndex): readonly Workload[] {
  const addresses = object.subsets.flatMap((subset) => subset.addresses ?? []);
  return addresses.flatMap((address) => workloadAt(address, object.metadata.namespace, workloads) ?? []);
}

/** By its name where the address says one, else by its address, which the pods of one machine may share. */
function workloadAt(
  { ip, targetRef }: EndpointAddress,
  namespace: string,
  workloads: WorkloadIndex,
): Workload | undefined {
  const own = targetRef?.namespace ?? namespace;
  return targetRef?.name === undefined ? workloads.at(own, ip) : workloads.named(own, targetRef.name);
}
