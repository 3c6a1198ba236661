// Gives a workload its addresses on this machine: every pod shares one network, so each port gets a number of its own.
import { formatSocketAddress } from '@meltemi/base';
import type { PortClaims } from './port-claims.ts';
import type { ServicePort, Workload } from './workload.ts';

/**
 * The addresses of a pod whose network is shared, as `host:port` texts; written to the pod's annotation, read by the
 * control plane. Keys of `inbound` are container ports, of `outbound` `host:port` of services, of `gateway` server ports.
 */
export interface Placement {
  readonly inbound?: Readonly<Record<string, { readonly listen: string; readonly app: string }>>;
  readonly outbound?: Readonly<Record<string, string>>;
  readonly httpProxy?: string;
  readonly gateway?: Readonly<Record<string, string>>;
}

export const PLACEMENT_ANNOTATION = 'mesh.meltemi.io/ports';

/** Places a new workload: two ports for each container port, one for each service port, one for HTTP_PROXY. */
export async function placeWorkload(
  workload: Workload,
  services: readonly ServicePort[],
  claims: PortClaims,
): Promise<Placement> {
  const inbound: Record<string, { listen: string; app: string }> = {};
  for (const { containerPort } of workload.container.ports ?? []) {
    inbound[containerPort] = { listen: await anyPort(claims), app: await anyPort(claims) };
  }
  return placeServices({ inbound, outbound: {}, httpProxy: await anyPort(claims) }, services, claims);
}

/** Adds addresses for services that came since; those that are there keep theirs. Returns the same value when nothing is new. */
export async function placeServices(
  placement: Placement,
  services: readonly ServicePort[],
  claims: PortClaims,
): Promise<Placement> {
  const missing = services.filter((service) => !placement.outbound?.[outboundKey(service)]);
  if (missing.length === 0) return placement;
  const outbound: Record<string, string> = { ...placement.outbound };
  for (const service of missing) outbound[outboundKey(service)] = await anyPort(claims);
  return { ...placement, outbound };
}

/** `host:port` of a service, the key of `Placement.outbound`. */
export function outboundKey(service: ServicePort): string {
  return `${service.host}:${service.port}`;
}

/** The other way around: `host:port` of a service by the address at which the application reaches it. */
export function outboundServices(placement: Placement): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(placement.outbound ?? {}).map(([service, address]) => [address, service]));
}

/** All port numbers of a placement. */
export function placementPorts(placement: Placement): readonly number[] {
  const texts = [
    ...Object.values(placement.inbound ?? {}).flatMap((pair) => [pair.listen, pair.app]),
    ...Object.values(placement.outbound ?? {}),
    ...Object.values(placement.gateway ?? {}),
    ...(placement.httpProxy ? [placement.httpProxy] : []),
  ];
  return texts.map((text) => Number(text.slice(text.lastIndexOf(':') + 1)));
}

async function anyPort(claims: PortClaims): Promise<string> {
  return formatSocketAddress(await claims.any());
}
