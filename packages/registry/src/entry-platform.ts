// Turns ServiceEntries into services and endpoints: what the mesh knows beyond its own pods.
// https://istio.io/latest/docs/reference/config/networking/service-entry/
import { type Host, selects } from '@meltemi/base';
import type { Resource } from '@meltemi/api';
import type { ServiceEntry } from '@meltemi/config';
import type { Endpoint } from './endpoint.ts';
import { namedProtocol, portProtocol } from './port-protocol.ts';
import { portsAsWritten } from './ports-as-written.ts';
import type { Resolution, Service, ServicePort } from './service.ts';
import type { PlatformView, ServiceEndpoints } from './view.ts';
import type { Workload } from './workload.ts';

const RESOLUTION: Readonly<Record<string, Resolution>> = {
  STATIC: 'registry',
  DNS: 'dns',
  DNS_ROUND_ROBIN: 'dns',
  NONE: 'passthrough',
};

/** Reads the entries; those with a workload selector take their endpoints from the given workloads. */
export function entryPlatform(
  entries: readonly Resource<ServiceEntry>[],
  workloads: readonly Workload[] = [],
): PlatformView {
  const found = entries.flatMap((entry) => (entry.spec.hosts ?? []).map((host) => hostOf(entry, host, workloads)));
  return {
    services: found.map((item) => item.service),
    endpoints: found.flatMap((item) => item.endpoints),
    workloads: [],
    problems: [],
  };
}

function hostOf(entry: Resource<ServiceEntry>, host: Host, workloads: readonly Workload[]) {
  const ports = (entry.spec.ports ?? []).map(servicePort);
  const selected = selectedWorkloads(entry, workloads);
  const resolution = RESOLUTION[entry.spec.resolution ?? 'NONE'] ?? 'passthrough';
  const service: Service = {
    host: host.toLowerCase(),
    name: host.toLowerCase(),
    namespace: entry.metadata.namespace,
    address: entry.spec.addresses?.[0] ?? '',
    ...(entry.spec.addresses && { addresses: entry.spec.addresses }),
    ports,
    selector: {},
    resolution,
    meshExternal: (entry.spec.location ?? 'MESH_EXTERNAL') === 'MESH_EXTERNAL',
    serviceAccounts: [...new Set(selected.map((workload) => workload.serviceAccount))].sort(),
    exportTo: entry.spec.exportTo ?? ['*'],
    ...portsAsWritten(entry),
    source: entry.source,
  };
  const endpoints = ports.map((port) => ({
    host: service.host,
    namespace: service.namespace,
    port: port.number,
    endpoints: [...writtenEndpoints(entry, service, port), ...selectedEndpoints(selected, port)],
  }));
  return { service, endpoints } satisfies { service: Service; endpoints: ServiceEndpoints[] };
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
function writtenEndpoints(entry: Resource<ServiceEntry>, service: Service, port: ServicePort): Endpoint[] {
  const target = typeof port.targetPort === 'number' ? port.targetPort : port.number;
  const base = { namespace: service.namespace, health: 'healthy' as const };
  const written = (entry.spec.endpoints ?? []).map((endpoint) => ({
    ...base,
    address: { host: endpoint.address ?? '', port: endpoint.ports?.[port.name] ?? target },
    labels: endpoint.labels ?? {},
    serviceAccount: endpoint.serviceAccount ?? '',
    workload: entry.metadata.name,
    weight: endpoint.weight ?? 0,
    locality: endpoint.locality ?? '',
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
