// Turns Kubernetes' Services, Endpoints and Pods into services, endpoints and workloads.
import { type Host, type Problem, selects, serviceHost } from '@meltemi/base';
import { resourceName } from '@meltemi/api';
import type { LocatedResource, Pod, PodStatus, ServicePort as WrittenPort, ServiceSpec } from '@meltemi/config';
import type { Endpoint } from './endpoint.ts';
import { type FoundEndpoints, kubeEndpoints, kubeWorkloads } from './kube-endpoints.ts';
import { containerPorts, managementPorts } from './management-ports.ts';
import { nodeLocalities } from './node-locality.ts';
import { parsePlacement, type Placement, PLACEMENT_ANNOTATION } from './placement.ts';
import { namedProtocol, portProtocol } from './port-protocol.ts';
import { portsAsWritten } from './ports-as-written.ts';
import { serviceAccounts, silentPods } from './service-accounts.ts';
import type { Service, ServicePort } from './service.ts';
import type { PlatformView, ServiceEndpoints } from './view.ts';
import type { Workload } from './workload.ts';
import { type WorkloadIndex, workloadIndex } from './workload-index.ts';
import { accountsOf, withAccounts, writtenEndpoints, type WrittenWorkload } from './written-workloads.ts';

export interface FilePlatformInput {
  readonly services: readonly LocatedResource<ServiceSpec>[];
  /** Where Kubernetes says that services are served; the others' endpoints are the pods that they select. */
  readonly endpoints?: readonly FoundEndpoints[];
  readonly pods: readonly Pod[];
  /** Machines that run pods' applications without Kubernetes. */
  readonly written?: readonly WrittenWorkload[];
  /** What is known of the machines. */
  readonly nodes?: readonly LocatedResource[];
  /** The DNS domain of the mesh: `cluster.local`. */
  readonly domain: string;
}

/** Annotation of a Service: namespaces that may see it, separated by commas. */
const EXPORT_TO = 'networking.istio.io/exportTo';

/** Reads the platform. A pod that is not ready stays a workload, and is no endpoint. */
export function filePlatform(input: FilePlatformInput): PlatformView {
  const problems: Problem[] = [];
  const localities = nodeLocalities(input.nodes ?? []);
  const workloads = input.pods.map((pod) => workloadOf(pod, localities.get(pod.spec.nodeName ?? '') ?? '', problems));
  const index = workloadIndex(workloads);
  const silent = silentPods(input.pods);
  const byNamespace = Map.groupBy(workloads, (workload) => workload.namespace);
  const objects = new Map((input.endpoints ?? []).map((object) => [nameOf(object), object]));
  const found = input.services.map((resource) => {
    const bare = serviceOf(resource, input.domain);
    const object = objects.get(nameOf(resource));
    // Callers of a headless service know its pods by DNS: no other machine is among them.
    const written = bare.headless ? [] : writtenEndpoints(bare, bare.selector, input.written ?? []);
    const picked = object ? kubeWorkloads(object, index) : pick(bare, byNamespace.get(bare.namespace) ?? []);
    return {
      service: withAccounts({ ...bare, ...serviceAccounts(resource, picked, silent) }, accountsOf(written)),
      endpoints: [...(object ? objectEndpoints(bare, object, index) : endpointsOf(bare, picked)), ...written],
    };
  });
  return {
    services: found.map((entry) => entry.service),
    endpoints: found.flatMap((entry) => entry.endpoints),
    workloads,
    problems,
  };
}

const nameOf = ({ metadata }: Pick<LocatedResource, 'metadata'>): string => `${metadata.namespace}/${metadata.name}`;

const workloadsOfPods = new WeakMap<Pod, Workload>();

/** The same object each time for the same pod, so that nothing behind it looks changed. */
function workloadOf(pod: Pod, locality: string, problems: Problem[]): Workload {
  const known = workloadsOfPods.get(pod);
  if (known?.locality === locality) return known;
  const workload = readWorkload(pod, locality, problems);
  // What is wrong with a placement is said each time.
  if (!(PLACEMENT_ANNOTATION in pod.metadata.annotations)) workloadsOfPods.set(pod, workload);
  return workload;
}

function readWorkload(pod: Pod, locality: string, problems: Problem[]): Workload {
  const { spec, status } = pod;
  return {
    name: pod.metadata.name,
    namespace: pod.metadata.namespace,
    labels: pod.metadata.labels,
    annotations: pod.metadata.annotations,
    serviceAccount: spec.serviceAccountName ?? 'default',
    node: spec.nodeName ?? '',
    locality,
    address: status.podIP ?? '',
    ports: containerPorts(spec),
    managementPorts: managementPorts(spec),
    ready: isReady(status),
    placement: placementOf(pod, problems),
    source: pod.source,
  };
}

function isReady(status: PodStatus): boolean {
  const ready = status.conditions?.find((condition) => condition.type === 'Ready');
  return status.phase === 'Running' && Boolean(status.podIP) && ready?.status === 'True';
}

function placementOf(pod: Pod, problems: Problem[]): Placement | undefined {
  const text = pod.metadata.annotations[PLACEMENT_ANNOTATION];
  if (text === undefined) return undefined;
  const result = parsePlacement(text);
  if (result.kind === 'placement') return result.placement;
  problems.push({
    severity: 'error',
    code: 'MEL0201',
    message: `annotation ${PLACEMENT_ANNOTATION}: ${result.reason}`,
    resource: resourceName(pod),
    path: 'metadata.annotations',
    source: pod.source,
  });
  return undefined;
}

function serviceOf(resource: LocatedResource<ServiceSpec>, domain: string): Service {
  const { name, namespace, annotations } = resource.metadata;
  const { spec } = resource;
  const external = spec.type === 'ExternalName' && Boolean(spec.externalName);
  return {
    host: serviceHost(name, namespace, domain),
    name,
    namespace,
    address: spec.clusterIP === 'None' ? '' : (spec.clusterIP ?? ''),
    ports: (spec.ports ?? []).map(servicePort),
    selector: spec.selector ?? {},
    resolution: external ? 'dns' : 'registry',
    ...(external && { externalName: spec.externalName! }),
    ...(spec.clusterIP === 'None' && { headless: true as const }),
    meshExternal: external,
    serviceAccounts: [],
    exportTo: annotations[EXPORT_TO]?.split(',').map((word) => word.trim()) ?? [],
    ...portsAsWritten(resource),
    created: resource.metadata.creationTimestamp,
    source: resource.source,
  };
}

function servicePort(port: WrittenPort): ServicePort {
  return {
    name: port.name ?? '',
    number: port.port,
    targetPort: port.targetPort ?? port.port,
    protocol: portProtocol(port),
    ...(namedProtocol(port) === undefined && { unnamed: true }),
  };
}

/** A service without a selector has no pods: its endpoints are somebody else's to name. */
function pick(service: Service, workloads: readonly Workload[]): readonly Workload[] {
  if (Object.keys(service.selector).length === 0) return [];
  return workloads.filter((workload) => selects(service.selector, workload.labels));
}

function objectEndpoints(service: Service, object: FoundEndpoints, workloads: WorkloadIndex): ServiceEndpoints[] {
  return service.ports.map((port) => ({
    host: service.host,
    namespace: service.namespace,
    port: port.number,
    endpoints: kubeEndpoints(object, port, workloads, addressOf),
  }));
}

function endpointsOf(service: Service, workloads: readonly Workload[]): ServiceEndpoints[] {
  const ready = workloads.filter((workload) => workload.ready);
  return service.ports.map((port) => ({
    host: service.host,
    namespace: service.namespace,
    port: port.number,
    endpoints: ready.flatMap((workload) => endpointOf(workload, port)),
  }));
}

/** No endpoint where the workload lacks the named port. */
function endpointOf(workload: Workload, port: ServicePort): Endpoint[] {
  const number = containerPortOf(workload, port);
  if (number === undefined) return [];
  return [
    {
      address: addressOf(workload, number),
      labels: workload.labels,
      namespace: workload.namespace,
      serviceAccount: workload.serviceAccount,
      workload: workload.name,
      health: 'healthy',
      weight: 0,
      locality: workload.locality,
    },
  ];
}

/** The container's port that a service's port leads to. */
export function containerPortOf(workload: Workload, port: ServicePort): number | undefined {
  if (typeof port.targetPort === 'number') return port.targetPort;
  return workload.ports.find((other) => other.name === port.targetPort)?.number;
}

function addressOf(workload: Workload, port: number): { readonly host: Host; readonly port: number } {
  const placed = workload.placement?.inbound.find((inbound) => inbound.containerPort === port);
  return placed?.listen ?? { host: workload.address, port };
}
