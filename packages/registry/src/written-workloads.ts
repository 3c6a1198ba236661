// WorkloadEntries → endpoints of the services that select them: machines that no platform runs.
// https://istio.io/latest/docs/reference/config/networking/workload-entry/
import { type Labels, selects } from '@meltemi/base';
import type { LocatedResource, WorkloadEntry } from '@meltemi/config';
import type { Endpoint } from './endpoint.ts';
import type { Service } from './service.ts';
import type { ServiceEndpoints } from './view.ts';

export type WrittenWorkload = LocatedResource<WorkloadEntry>;

/** The endpoints that a service of a namespace gets by its labels; none of a service that selects nothing. */
export function writtenEndpoints(
  service: Pick<Service, 'host' | 'namespace' | 'ports'>,
  selector: Labels,
  all: readonly WrittenWorkload[],
): readonly ServiceEndpoints[] {
  if (Object.keys(selector).length === 0) return [];
  const { host, namespace } = service;
  const selected = all.filter(
    ({ metadata, spec }) => metadata.namespace === namespace && selects(selector, labelsOf({ metadata, spec })),
  );
  if (selected.length === 0) return [];
  return service.ports.map((port) => ({
    host,
    namespace,
    port: port.number,
    endpoints: selected.flatMap((entry) => endpointOf(entry, port)),
  }));
}

/** Those of the object stand before those of its spec. */
function labelsOf({ metadata, spec }: Pick<WrittenWorkload, 'metadata' | 'spec'>): Labels {
  return { ...spec.labels, ...metadata.labels };
}

/** An entry without an address is reached through its network only. */
function endpointOf(
  { metadata, spec }: WrittenWorkload,
  { name, number, targetPort }: Service['ports'][number],
): Endpoint[] {
  if (!spec.address) return [];
  const target = typeof targetPort === 'number' ? targetPort : number;
  return [
    {
      address: { host: spec.address, port: spec.ports?.[name] ?? target },
      labels: labelsOf({ metadata, spec }),
      namespace: metadata.namespace,
      serviceAccount: spec.serviceAccount ?? '',
      workload: metadata.name,
      written: true,
      health: 'healthy',
      weight: spec.weight ?? 0,
      locality: spec.locality ?? '',
      ...(spec.network && { network: spec.network }),
    },
  ];
}

/** Whom endpoints speak as. */
export function accountsOf(all: readonly ServiceEndpoints[]): readonly string[] {
  return all.flatMap(({ endpoints }) => endpoints.map(({ serviceAccount }) => serviceAccount));
}

/** A service that these speak for too; the same one where they add nothing. */
export function withAccounts(service: Service, accounts: readonly string[]): Service {
  const all = new Set([...service.serviceAccounts, ...accounts.filter((account) => account !== '')]);
  return all.size === service.serviceAccounts.length ? service : { ...service, serviceAccounts: [...all].sort() };
}
