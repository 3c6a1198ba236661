// Turns ServiceEntries into services and endpoints: what the mesh knows beyond its own pods.
// https://istio.io/latest/docs/reference/config/networking/service-entry/
import { type Host, selects } from '@meltemi/base';
import type { Resource } from '@meltemi/api';
import type { ServiceEntry, ServiceEntryObject } from '@meltemi/config';
import { withAllocated } from './entry-addresses.ts';
import type { Endpoint } from './endpoint.ts';
import { namedProtocol, portProtocol } from './port-protocol.ts';
import { portsAsWritten } from './ports-as-written.ts';
import type { Resolution, Service, ServicePort } from './service.ts';
import type { PlatformView, ServiceEndpoints } from './view.ts';
import type { Workload } from './workload.ts';
import { accountsOf, withAccounts, writtenEndpoints, type WrittenWorkload } from './written-workloads.ts';

const RESOLUTION: Readonly<Record<string, Resolution>> = {
  STATIC: 'registry',
  DNS: 'dns',
  DNS_ROUND_ROBIN: 'dns',
  NONE: 'passthrough',
};

/** Reads the entries; those with a workload selector take their endpoints from the given workloads. */
export function entryPlatform(
  entries: readonly ServiceEntryObject[],
  workloads: readonly Workload[] = [],
  written: readonly WrittenWorkload[] = [],
): PlatformView {
  const found = entries.flatMap((entry) => hostsOf(entry, workloads).map((host) => withWritten(entry, host, written)));
  return {
    services: withAllocated(
      entries,
      found.map((item) => item.service),
    ),
    endpoints: found.flatMap((item) => item.endpoints),
    workloads: [],
    problems: [],
  };
}

/** With the machines that it selects. */
function withWritten(entry: Resource<ServiceEntry>, found: FoundHost, written: readonly WrittenWorkload[]): FoundHost {
  const { service, endpoints } = found;
  const more = writtenEndpoints(service, entry.spec.workloadSelector?.labels ?? {}, written);
  if (more.length === 0) return found;
  return { service: withAccounts(service, accountsOf(more)), endpoints: [...endpoints, ...more] };
}

interface FoundHost {
  readonly service: Service;
  readonly endpoints: ServiceEndpoints[];
}

interface EntryHosts {
  readonly workloads: readonly Workload[];
  readonly hosts: readonly FoundHost[];
}

/** What an entry says stays true: only a selector looks at workloads. */
const known = new WeakMap<Resource<ServiceEntry>, EntryHosts>();

function hostsOf(entry: Resource<ServiceEntry>, workloads: readonly Workload[]): EntryHosts['hosts'] {
  const before = known.get(entry);
  if (before && (!entry.spec.workloadSelector || before.workloads === workloads)) return before.hosts;
  const hosts = (entry.spec.hosts ?? []).map((host) => hostOf(entry, host, workloads));
  known.set(entry, { workloads, hosts });
  return hosts;
}

function hostOf(entry: Resource<ServiceEntry>, host: Host, workloads: readonly Workload[]) {
  const ports = (entry.spec.ports ?? []).map(servicePort);
  const selected = selectedWorkloads(entry, workloads);
  const resolution = RESOLUTION[entry.spec.resolution ?? 'NONE'] ?? 'passthrough';
  const service: Service = {
    host: host.toLowerCase(),
    name: host.toLowerCase(),
    entry: true,
    namespace: entry.metadata.namespace,
    address: entry.spec.addresses?.[0] ?? '',
    ...(entry.spec.addresses && { addresses: entry.spec.addresses }),
    ports,
    selector: {},
    resolution,
    ...(entry.spec.resolution === 'DNS_ROUND_ROBIN' && { dnsOnce: true as const }),
    meshExternal: (entry.spec.location ?? 'MESH_EXTERNAL') === 'MESH_EXTERNAL',
    serviceAccounts: entryAccounts(entry, selected),
    exportTo: entry.spec.exportTo ?? [],
    ...portsAsWritten(entry),
    created: entry.metadata.creationTimestamp,
    source: entry.source,
  };
  const endpoints = ports.map((port) => ({
    host: service.host,
    namespace: service.namespace,
    port: port.number,
    endpoints: [...listedEndpoints(entry, service, port), ...selectedEndpoints(selected, port)],
  }));
  return { service, endpoints } satisfies { service: Service; endpoints: ServiceEndpoints[] };
}

function entryAccounts({ spec }: Resource<ServiceEntry>, selected: readonly Workload[]): readonly string[] {
  const all = [...(spec.endpoints ?? []), ...selected].map(({ serviceAccount = '' }) => serviceAccount);
  return [...new Set(all)].filter((account) => account !== '').sort();
}

function servicePort(port: NonNullable<ServiceEntry['ports']>[number]): ServicePort {
  const words = { name: port.name ?? '', appProtocol: port.protocol ?? '' };
  return {
    name: port.name ?? '',
    number: port.number,
    targetPort: port.targetPort ?? port.number,
    protocol: portProtocol(words),
    ...(namedProtocol(words) === undefined && { unnamed: true }),
  };
}

/** Without endpoints a DNS entry is looked up by its own host. */
function listedEndpoints(entry: Resource<ServiceEntry>, service: Service, port: ServicePort): Endpoint[] {
  const target = typeof port.targetPort === 'number' ? port.targetPort : port.number;
  const base = { namespace: service.namespace, health: 'healthy' as const, written: true as const };
  const written = (entry.spec.endpoints ?? []).map((endpoint, index) => ({
    ...base,
    address: { host: endpoint.address ?? '', port: endpoint.ports?.[port.name] ?? target },
    labels: endpoint.labels ?? {},
    serviceAccount: endpoint.serviceAccount ?? '',
    workload: `${entry.metadata.name}-${index}`,
    weight: endpoint.weight ?? 0,
    locality: endpoint.locality ?? '',
    ...(endpoint.network && { network: endpoint.network }),
  }));
  if (written.length > 0 || service.resolution !== 'dns' || entry.spec.workloadSelector) return written;
  const own = { address: { host: service.host, port: target }, labels: {}, serviceAccount: '' };
  return [{ ...base, ...own, workload: entry.metadata.name, weight: 0, locality: '' }];
}

function selectedWorkloads(entry: Resource<ServiceEntry>, workloads: readonly Workload[]): readonly Workload[] {
  const labels = entry.spec.workloadSelector?.labels;
  if (!labels) return [];
  return workloads.filter(
    (workload) => workload.namespace === entry.metadata.namespace && selects(labels, workload.labels),
  );
}

function selectedEndpoints(workloads: readonly Workload[], port: ServicePort): Endpoint[] {
  const target = typeof port.targetPort === 'number' ? port.targetPort : port.number;
  return workloads
    .filter((workload) => workload.ready)
    .map((workload) => ({
      address: workload.placement?.inbound.find((inbound) => inbound.containerPort === target)?.listen ?? {
        host: workload.address,
        port: target,
      },
      labels: workload.labels,
      namespace: workload.namespace,
      serviceAccount: workload.serviceAccount,
      workload: workload.name,
      health: 'healthy',
      weight: 0,
      locality: workload.locality,
    }));
}
