// Turns Deployments into the pods that should run: what a Kubernetes scheduler and its controllers would decide.
import { createHash } from 'node:crypto';
import type { Resource } from '@meltemi/api';
import type { Container, DeploymentSpec, ServiceSpec } from '@meltemi/config';
import { type Labels, type Problem, selects, serviceHost } from '@meltemi/base';

/** A pod that should run. `name` is what people call it: the Deployment's, with a number where there are several. */
export interface Workload {
  readonly name: string;
  readonly podName: string;
  readonly namespace: string;
  readonly labels: Labels;
  readonly annotations: Readonly<Record<string, string>>;
  readonly serviceAccount: string;
  /** The first service that selects it; empty when none does. */
  readonly service: string;
  readonly version: string;
  readonly container: Container;
  /** Directory of the file that declares it: where relative commands are found. */
  readonly sourceFile: string;
}

/** A service's port as applications address it. */
export interface ServicePort {
  readonly name: string;
  readonly namespace: string;
  /** Full host name. */
  readonly host: string;
  readonly port: number;
  readonly portName: string;
}

/** The workloads of the Deployments, in their order, and what is wrong with those that can't run here. */
export function workloadsOf(
  deployments: readonly Resource<DeploymentSpec>[],
  services: readonly Resource<ServiceSpec>[],
): { readonly workloads: readonly Workload[]; readonly problems: readonly Problem[] } {
  const workloads: Workload[] = [];
  const problems: Problem[] = [];
  for (const deployment of deployments) {
    const container = deployment.spec.template.spec.containers.find((candidate) => candidate.command?.length);
    if (!container) {
      problems.push(notRunnable(deployment));
      continue;
    }
    const replicas = deployment.spec.replicas ?? 1;
    for (let index = 0; index < replicas; index++) {
      workloads.push(workload(deployment, container, services, replicas === 1 ? undefined : index));
    }
  }
  return { workloads, problems };
}

/** Ports of all services, as applications reach them. */
export function servicePorts(services: readonly Resource<ServiceSpec>[], domain: string): readonly ServicePort[] {
  return services.flatMap((service) =>
    (service.spec.ports ?? []).map((port) => ({
      name: service.metadata.name,
      namespace: service.metadata.namespace,
      host: serviceHost(service.metadata.name, service.metadata.namespace, domain),
      port: port.port,
      portName: port.name ?? '',
    })),
  );
}

function workload(
  deployment: Resource<DeploymentSpec>,
  container: Container,
  services: readonly Resource<ServiceSpec>[],
  index: number | undefined,
): Workload {
  const { template } = deployment.spec;
  const { name: deploymentName, namespace } = deployment.metadata;
  const labels = template.metadata?.labels ?? {};
  const name = index === undefined ? deploymentName : `${deploymentName}-${index}`;
  const hash = createHash('sha256').update(JSON.stringify(template)).digest('hex').slice(0, 8);
  const service = services.find(
    (candidate) =>
      candidate.metadata.namespace === namespace && candidate.spec.selector && selects(candidate.spec.selector, labels),
  );
  return {
    name,
    podName: `${deploymentName}-${hash}-${index ?? 0}`,
    namespace,
    labels,
    annotations: template.metadata?.annotations ?? {},
    serviceAccount: template.spec.serviceAccountName ?? 'default',
    service: service?.metadata.name ?? '',
    version: labels['version'] ?? '',
    container,
    sourceFile: deployment.source.file,
  };
}

function notRunnable(deployment: Resource<DeploymentSpec>): Problem {
  return {
    severity: 'warning',
    code: 'MEL0201',
    message: `Deployment "${deployment.metadata.name}" has no container with a command, so no process can run it here`,
    hint: 'images are not used on this machine: give the container a command',
    resource: { kind: deployment.kind, namespace: deployment.metadata.namespace, name: deployment.metadata.name },
    source: deployment.source,
  };
}
