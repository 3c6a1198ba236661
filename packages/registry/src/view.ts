// What is known of services, endpoints and workloads: what one platform says, and the immutable view of all.
import type { Host, Problem } from '@meltemi/base';
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

/** What a view changed in the one before it. */
export interface RegistryChange {
  /** The view before, by its number. */
  readonly since: number;
  /** Services whose endpoints are others, by host. */
  readonly endpointsOf: ReadonlySet<Host>;
}

/** All services, endpoints and workloads at one moment. What two views in a row say alike is the same object. */
export interface RegistryView {
  /** Of this view alone. */
  readonly number: number;
  /** Undefined for the first of its store. */
  readonly change: RegistryChange | undefined;
  /** Sorted by host; those of one host in several namespaces by who declared it first. */
  readonly services: readonly Service[];
  readonly workloads: readonly Workload[];
  readonly problems: readonly Problem[];
  /** Without a namespace: the first of the host. */
  service(host: Host, namespace?: string): Service | undefined;
  /** The endpoints of a service's port; empty when there are none. Without a namespace: of the first of the host. */
  instances(host: Host, port: number, namespace?: string): readonly Endpoint[];
  workload(namespace: string, name: string): Workload | undefined;
  /** The services whose selector picks the workload. */
  servicesOf(workload: Workload): readonly Service[];
  /** The ports of services that have an endpoint at an IP address, in the order of the services. */
  servedAt(address: string): readonly ServedPort[];
}
