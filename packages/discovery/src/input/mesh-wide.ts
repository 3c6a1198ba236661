// What the whole mesh says of every listener and route, where nobody says otherwise.
import { retryInput, DEFAULT_RETRY } from './forward-action.ts';
import type { MeshSettings } from '../mesh.ts';
import type { ListenerInput } from './listener-input.ts';
import type { HttpRouteInput, RouteInput } from './route-input.ts';

export function meshWideListeners(listeners: readonly ListenerInput[], mesh: MeshSettings): readonly ListenerInput[] {
  const { pathNormalization, protocolDetectionMs, listenerLog } = mesh;
  const said = {
    ...(pathNormalization !== 'BASE' && { pathNormalization }),
    ...(protocolDetectionMs > 0 && { protocolDetectionMs }),
    ...(!listenerLog && { unlogged: true as const }),
  };
  return Object.keys(said).length === 0 ? listeners : listeners.map((listener) => ({ ...listener, ...said }));
}

/** Routes that say nothing of retries have the default itself. */
export function meshWideRoutes(tables: readonly RouteInput[], { defaultRetry }: MeshSettings): readonly RouteInput[] {
  if (!defaultRetry) return tables;
  const retry = retryInput(defaultRetry);
  const changed = (route: HttpRouteInput): HttpRouteInput =>
    route.action.kind === 'forward' && route.action.retry === DEFAULT_RETRY
      ? { ...route, action: { ...route.action, retry } }
      : route;
  return tables.map((table) => ({
    ...table,
    virtualHosts: table.virtualHosts.map((host) => ({ ...host, routes: host.routes.map(changed) })),
  }));
}
