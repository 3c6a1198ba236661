// Deployments of the mesh whose services don't agree on a port.
import type { Problem } from '@meltemi/base';

import type { LocatedResource } from '../located-resource.ts';
import type { ServicePort, ServiceSpec } from '../model/kubernetes.ts';
import { CODE } from '../problem-code.ts';
import { picked, type Workload } from '../workload.ts';
import type { Subject } from './analyzer.ts';
import { enumerate, findingAt, fullName } from './finding.ts';
import { isInMesh, namespacesOf } from './in-mesh.ts';

interface Port {
  readonly service: string;
  readonly port: ServicePort;
}

export function analyzeDeploymentServices(subject: Subject): Problem[] {
  const namespaces = namespacesOf(subject);
  const services = subject.view.objects('Service');
  return subject.world.workloads
    .filter(({ resource }) => resource.kind === 'Deployment' && !isWaypoint(resource))
    .filter((workload) => isInMesh(workload, namespaces))
    .flatMap((workload) => {
      const ports = portsBefore(workload, services);
      return [...protocolConflicts(workload, ports), ...targetConflicts(workload, ports)];
    });
}

function isWaypoint({ metadata }: LocatedResource): boolean {
  return metadata.labels['gateway.istio.io/managed'] === 'istio.io-mesh-controller';
}

function portsBefore(workload: Workload, services: readonly LocatedResource<ServiceSpec>[]): readonly Port[] {
  return services.flatMap((service) => {
    const { selector = {}, ports = [] } = service.spec;
    const isBefore =
      Object.keys(selector).length > 0 && picked([workload], selector, service.metadata.namespace).length > 0;
    return isBefore ? ports.map((port) => ({ service: fullName(service), port })) : [];
  });
}

function protocolConflicts({ resource }: Workload, ports: readonly Port[]): Problem[] {
  return Array.from(Map.groupBy(ports, ({ port }) => port.port)).flatMap(([number, all]) => {
    if (new Set(all.map(({ port }) => port.protocol ?? 'TCP')).size < 2) return [];
    const message = `${names(all)} have port ${number} with different protocols`;
    return [findingAt(resource, 'metadata.name', { code: CODE.conflictingProtocols, message })];
  });
}

function targetConflicts({ resource }: Workload, ports: readonly Port[]): Problem[] {
  return Array.from(Map.groupBy(ports, targetOf)).flatMap(([target, all]) => {
    const numbers = [...new Set(all.map(({ port }) => port.port))];
    if (numbers.length < 2) return [];
    const message = `${names(all)} lead to the target port ${target} from different ports: ${numbers.join(', ')}`;
    return [findingAt(resource, 'metadata.name', { code: CODE.conflictingTargets, message })];
  });
}

function targetOf({ port }: Port): string {
  return String(port.targetPort || port.port);
}

function names(ports: readonly Port[]): string {
  return enumerate([...new Set(ports.map(({ service }) => service))]);
}
