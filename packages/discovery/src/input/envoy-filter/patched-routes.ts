// Route configurations + the patches that hold for a proxy → the same, each with the patches that are for it.
import type { ApplyTo, PatchContext, RoutePatchMatch } from '@meltemi/config';
import type { ProxyScope } from '../../scope.ts';
import { boundServers } from '../merged-servers.ts';
import type { RouteInput } from '../route-input.ts';
import type { EnvoyPatch } from './envoy-patch.ts';

const OF_ROUTES: ReadonlySet<ApplyTo> = new Set(['ROUTE_CONFIGURATION', 'VIRTUAL_HOST', 'HTTP_ROUTE']);

export interface RoutePatching {
  readonly context: PatchContext;
  /** Ports of a gateway's servers by the port that it listens on, where the two differ. */
  readonly serverPorts?: ReadonlyMap<number, readonly number[]>;
}

/** How the routes of a proxy are matched: those that its listeners only name. */
export function routePatching(scope: ProxyScope): RoutePatching {
  if (scope.node.kind === 'sidecar') return { context: 'SIDECAR_OUTBOUND' };
  const byListen = Map.groupBy(boundServers(scope), ({ listen }) => listen);
  const serverPorts = new Map(
    [...byListen].map(([listen, bound]) => [listen, bound.map(({ server }) => server.port.number)]),
  );
  return { context: 'GATEWAY', serverPorts };
}

export function patchedRoutes(
  inputs: readonly RouteInput[],
  patches: readonly EnvoyPatch[],
  patching: RoutePatching,
): readonly RouteInput[] {
  const possible = patches.filter(
    ({ context, input }) => OF_ROUTES.has(input.applyTo) && (context === 'ANY' || context === patching.context),
  );
  if (possible.length === 0) return inputs;
  return inputs.map((routes) => {
    const own = possible.filter(({ input }) => matches(input.route, routes.name, patching)).map(({ input }) => input);
    return own.length > 0 ? { ...routes, patches: own } : routes;
  });
}

function matches(match: RoutePatchMatch | undefined, name: string, patching: RoutePatching): boolean {
  if (!match) return true;
  if (match.name && match.name !== name) return false;
  if (patching.context !== 'GATEWAY') return !match.portNumber || match.portNumber === sidecarPort(name);
  const { port, portName, gateway } = gatewayPlace(name);
  const ports = patching.serverPorts?.get(port) ?? [port];
  return (
    (!match.portName || match.portName === portName) &&
    (!match.gateway || match.gateway === gateway) &&
    (!match.portNumber || ports.includes(match.portNumber))
  );
}

/** `9080`, `inbound|9080||`, `outbound|9080||host`; what is named otherwise stands for no port. */
function sidecarPort(name: string): number {
  return Number(/^(?:\w+\|)?(\d+)(?:\||$)/.exec(name)?.[1] ?? 0);
}

/** `http.80`, or `https.443.NAME.GATEWAY.NAMESPACE`. */
function gatewayPlace(name: string) {
  const [scheme, port, portName = '', gateway = '', namespace = ''] = name.split('.');
  return {
    port: Number(port),
    portName: scheme === 'https' ? portName : '',
    gateway: scheme === 'https' ? `${namespace}/${gateway}` : '',
  };
}
