// Reads the annotation that says where the ports of a pod with a shared network are placed.
import { formatSocketAddress, parseSocketAddress, type SocketAddress } from '@meltemi/base';

/** The annotation of a pod whose network is shared with others (isolation `ports`). */
export const PLACEMENT_ANNOTATION = 'mesh.meltemi.io/ports';

/** Where a container's port is served: `listen` by the sidecar for the mesh, `app` by the application. */
export interface InboundPlacement {
  readonly containerPort: number;
  readonly listen: SocketAddress;
  readonly app: SocketAddress;
}

/** Where the sidecar listens for its own application's calls to `host:port`. */
export interface OutboundPlacement {
  readonly host: string;
  readonly port: number;
  readonly listen: SocketAddress;
}

/** Where a gateway listens for a port of its Gateway servers. */
export interface GatewayPlacement {
  readonly port: number;
  readonly listen: SocketAddress;
}

export interface Placement {
  readonly inbound: readonly InboundPlacement[];
  readonly outbound: readonly OutboundPlacement[];
  readonly httpProxy: SocketAddress | undefined;
  readonly gateway: readonly GatewayPlacement[];
}

/** The annotation's value as a placement, or what is wrong with it. */
export type PlacementResult =
  | { readonly kind: 'placement'; readonly placement: Placement }
  | { readonly kind: 'invalid'; readonly reason: string };

/** Reads the annotation's JSON. */
export function parsePlacement(text: string): PlacementResult {
  try {
    return { kind: 'placement', placement: placementOf(JSON.parse(text)) };
  } catch (error) {
    return { kind: 'invalid', reason: (error as Error).message };
  }
}

/** Writes the annotation's JSON. */
export function formatPlacement(placement: Placement): string {
  const inbound = placement.inbound.map((port) => [
    port.containerPort,
    { listen: formatSocketAddress(port.listen), app: formatSocketAddress(port.app) },
  ]);
  const outbound = placement.outbound.map((to) => [`${to.host}:${to.port}`, formatSocketAddress(to.listen)]);
  const gateway = placement.gateway.map((port) => [port.port, formatSocketAddress(port.listen)]);
  return JSON.stringify({
    ...(inbound.length > 0 && { inbound: Object.fromEntries(inbound) as object }),
    ...(outbound.length > 0 && { outbound: Object.fromEntries(outbound) as object }),
    ...(placement.httpProxy && { httpProxy: formatSocketAddress(placement.httpProxy) }),
    ...(gateway.length > 0 && { gateway: Object.fromEntries(gateway) as object }),
  });
}

function placementOf(value: unknown): Placement {
  const fields = object(value, 'the annotation');
  return {
    inbound: entries(fields['inbound'], 'inbound').map(([port, item]) => {
      const place = object(item, `inbound ${port}`);
      return {
        containerPort: portNumber(port),
        listen: address(place['listen'], `inbound ${port} listen`),
        app: address(place['app'], `inbound ${port} app`),
      };
    }),
    outbound: entries(fields['outbound'], 'outbound').map(([target, item]) => {
      const service = address(target, 'outbound');
      return { host: service.host, port: service.port, listen: address(item, `outbound ${target}`) };
    }),
    httpProxy: fields['httpProxy'] === undefined ? undefined : address(fields['httpProxy'], 'httpProxy'),
    gateway: entries(fields['gateway'], 'gateway').map(([port, item]) => ({
      port: portNumber(port),
      listen: address(item, `gateway ${port}`),
    })),
  };
}

function entries(value: unknown, what: string): [string, unknown][] {
  return value === undefined ? [] : Object.entries(object(value, what));
}

function object(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${what} is not an object`);
  return value as Readonly<Record<string, unknown>>;
}

function address(value: unknown, what: string): SocketAddress {
  const parsed = typeof value === 'string' ? parseSocketAddress(value) : undefined;
  if (!parsed) throw new Error(`${what}: ${JSON.stringify(value)} is not host:port`);
  return parsed;
}

function portNumber(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw new Error(`${JSON.stringify(text)} is not a port`);
  return port;
}
