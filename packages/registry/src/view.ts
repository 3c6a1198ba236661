// Merges what the platforms say into one immutable view of services, endpoints and workloads.
import { type Host, type Problem, selects } from '@meltemi/base';
import type { Endpoint } from './endpoint.ts';
import type { Service, ServicePort } from './service.ts';
import type { Workload } from './workload.ts';

/** Endpoints of one port of a service. */
export interface ServiceEndpoints {
  readonly host: Host;
  readonly namespace: string;
  readonly port: number;
  readonly endpoints: readonly Endpoint[];
}

/** What one platform contributes. */
export interface PlatformView {
  readonly services: readonly Service[];
  readonly endpoints: readonly ServiceEndpoints[];
  readonly workloads: readonly Workload[];
  readonly problems: readonly Problem[];
}

/** A port of a service, and one endpoint that serves it. */
export interface ServedPort {
  readonly service: Service;
  readonly port: ServicePort;
  readonly endpoint: Endpoint;
}

/** All services, endpoints and workloads at one moment. */
export interface RegistryView {
  /** Sorted by host. */
  readonly services: readonly Service[];
  readonly workloads: readonly Workload[];
  readonly problems: readonly Problem[];
  service(host: Host): Service | undefined;
  /** The endpoints of a service's port; empty when there are none. */
  instances(host: Host, port: number): readonly Endpoint[];
  workload(namespace: string, name: string): Workload | undefined;
  /** The services whose selector picks the workload. */
  servicesOf(workload: Workload): readonly Service[];
  /** The ports of services that have an endpoint at an IP address, in the order of the services. */
  servedAt(address: string): readonly ServedPort[];
}

/** Joins the platforms. A host of two platforms keeps the first one's service, and has the endpoints of all. */
export function mergeRegistry(platforms: readonly PlatformView[]): RegistryView {
  const services = firstByHost(platforms.flatMap((platform) => platform.services));
  const workloads = platforms.flatMap((platform) => platform.workloads);
  const endpoints = endpointsByPort(platforms.flatMap((platform) => platform.endpoints));
  const sorted = [...services.values()].sort((a, b) => (a.host < b.host ? -1 : 1));
  let served: ReadonlyMap<string, readonly ServedPort[]> | undefined;
  const byName = new Map(workloads.map((workload) => [`${workload.namespace}/${workload.name}`, workload]));
  return {
    services: sorted,
    workloads,
    problems: platforms.flatMap((platform) => platform.problems),
    service: (host) => services.get(host),
    instances: (host, port) => endpoints.get(`${host}:${port}`) ?? [],
    workload: (namespace, name) => byName.get(`${namespace}/${name}`),
    servicesOf: (workload) => [...services.values()].filter((service) => picks(service, workload)),
    servedAt: (address) => (served ??= servedByAddress(sorted, endpoints)).get(address) ?? [],
  };
}

function servedByAddress(
  services: readonly Service[],
  endpoints: ReadonlyMap<string, readonly Endpoint[]>,
): ReadonlyMap<string, readonly ServedPort[]> {
  const served = services.flatMap((service) =>
    service.ports.flatMap((port) =>
      (endpoints.get(`${service.host}:${port.number}`) ?? []).map((endpoint) => ({ service, port, endpoint })),
    ),
  );
  return Map.groupBy(served, ({ endpoint }) => endpoint.address.host);
}

function firstByHost(services: readonly Service[]): Map<Host, Service> {
  const byHost = new Map<Host, Service>();
  for (const service of services) {
    const first = byHost.get(service.host);
    byHost.set(service.host, first ? withPorts(first, service) : service);
  }
  return byHost;
}

/** Several entries may each declare a port of one host. */
function withPorts(first: Service, other: Service): Service {
  const known = new Set(first.ports.map((port) => port.number));
  const more = other.ports.filter((port) => !known.has(port.number));
  return more.length === 0 ? first : { ...first, ports: [...first.ports, ...more] };
}

function endpointsByPort(all: readonly ServiceEndpoints[]): Map<string, readonly Endpoint[]> {
  const grouped = Map.groupBy(all, (item) => `${item.host}:${item.port}`);
  return new Map([...grouped].map(([key, items]) => [key, items.flatMap((item) => item.endpoints)]));
}

function picks(service: Service, workload: Workload): boolean {
  return (
    service.namespace === workload.namespace &&
    Object.keys(service.selector).length > 0 &&
    selects(service.selector, workload.labels)
  );
}
