// The names by which a gRPC library asks for listeners and routes.
import { isIP } from 'node:net';
import type { Service, ServicePort } from '@meltemi/registry';
import { shortNames } from '../sidecar-route-inputs.ts';

/** Of a server's own listener; its address and port follow. */
export const INBOUND_PREFIX = 'xds.istio.io/grpc/lds/inbound/';

/** A port of a service that is dialled. */
export interface DialledPort {
  readonly service: Service;
  readonly port: ServicePort;
}

export function dialledPorts(services: readonly Service[]): readonly DialledPort[] {
  return services.flatMap((service) =>
    service.ports.filter(({ protocol }) => protocol !== 'udp').map((port) => ({ service, port })),
  );
}

/** As applications of a namespace write the service: whole, and shorter. */
export function hostNames(service: Service, namespace: string, domain: string): readonly string[] {
  return [service.host, ...shortNames(service, namespace, domain)];
}

/** `host:port`, as a target `xds:///host:port` has it. */
export function withPort(host: string, port: number): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}
