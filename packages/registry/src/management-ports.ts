// A pod's health probes → the ports that the platform asks, which are no service's.
import type { Container, PodSpec } from '@meltemi/config';
import type { ContainerPort } from './workload.ts';

interface Probe {
  readonly httpGet?: { readonly port?: number | string };
  readonly tcpSocket?: { readonly port?: number | string };
}

/** In rising order; a port is given by its number or by its name in the container. */
export function managementPorts(spec: PodSpec): readonly number[] {
  const ports = spec.containers.flatMap((container) =>
    [container.livenessProbe, container.readinessProbe].flatMap((probe) => probedPort(container, probe as Probe)),
  );
  return [...new Set(ports)].sort((a, b) => a - b);
}

function probedPort(container: Container, probe: Probe | undefined): number[] {
  const port = probe?.httpGet?.port ?? probe?.tcpSocket?.port;
  if (port === undefined) return [];
  if (typeof port === 'number') return [port];
  const named = container.ports?.find(({ name }) => name === port);
  return named ? [named.containerPort] : [];
}

export function containerPorts(spec: PodSpec): readonly ContainerPort[] {
  return spec.containers.flatMap((container) =>
    (container.ports ?? []).map((port) => ({ name: port.name ?? '', number: port.containerPort })),
  );
}
