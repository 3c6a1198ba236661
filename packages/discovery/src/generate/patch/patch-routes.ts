// RouteConfiguration + patches → RouteConfiguration: first the whole, then its virtual hosts, then their routes.
import { clone } from '@bufbuild/protobuf';
import {
  type Route,
  RouteSchema,
  type VirtualHost,
  VirtualHostSchema,
} from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { type RouteConfiguration, RouteConfigurationSchema } from '@meltemi/api/envoy/config/route/v3/route_pb';
import type { PatchInput } from '../../input/envoy-filter/patch-input.ts';
import { changedList } from './change-list.ts';
import { isMerge, mergedByPatch, patchValue } from './patch-value.ts';

/** `patches`: all are for this configuration; each tells which of its hosts and routes it is for. */
export function patchedRouteConfiguration(
  routes: RouteConfiguration,
  patches: readonly PatchInput[],
): RouteConfiguration {
  const merged = patches
    .filter((patch) => patch.applyTo === 'ROUTE_CONFIGURATION' && isMerge(patch))
    .reduce((last, patch) => mergedByPatch(RouteConfigurationSchema, last, patch), routes);
  const added = patches
    .filter(({ applyTo, operation }) => applyTo === 'VIRTUAL_HOST' && /^(?:ADD|INSERT)/.test(operation))
    .map((patch) => patchValue(patch, VirtualHostSchema));
  return {
    ...merged,
    virtualHosts: [...merged.virtualHosts.flatMap((host) => patchedHost(host, patches) ?? []), ...added],
  };
}

function patchedHost(host: VirtualHost, patches: readonly PatchInput[]): VirtualHost | undefined {
  let patched = host;
  for (const patch of patches.filter(({ applyTo }) => applyTo === 'VIRTUAL_HOST')) {
    if (!isForHost(patch, patched)) continue;
    if (patch.operation === 'REMOVE') return undefined;
    if (isMerge(patch)) patched = mergedByPatch(VirtualHostSchema, patched, patch);
    if (patch.operation === 'REPLACE') patched = patchValue(patch, VirtualHostSchema);
  }
  return { ...patched, routes: patchedRoutes(patched, patches) };
}

function isForHost({ route }: PatchInput, { name, domains }: VirtualHost): boolean {
  const match = route?.vhost;
  return (!match?.name || match.name === name) && (!match?.domainName || domains.includes(match.domainName));
}

/** What is there is merged and removed before anything is added. */
function patchedRoutes(host: VirtualHost, patches: readonly PatchInput[]): Route[] {
  const own = patches.filter((patch) => patch.applyTo === 'HTTP_ROUTE' && isForHost(patch, host));
  const left = host.routes.flatMap((route) => patchedRoute(route, own) ?? []);
  return [...own.reduce<readonly Route[]>(insert, left)];
}

function patchedRoute(route: Route, patches: readonly PatchInput[]): Route | undefined {
  let patched = route;
  for (const patch of patches) {
    if (!isForRoute(patch, patched)) continue;
    if (patch.operation === 'REMOVE') return undefined;
    if (isMerge(patch)) patched = mergedByPatch(RouteSchema, clone(RouteSchema, patched), patch);
  }
  return patched;
}

const ACTION = { ROUTE: 'route', REDIRECT: 'redirect', DIRECT_RESPONSE: 'directResponse' } as const;

function isForRoute({ route: match }: PatchInput, { name, action }: Route): boolean {
  const wanted = match?.vhost?.route;
  if (wanted?.name && wanted.name !== name) return false;
  return !wanted?.action || wanted.action === 'ANY' || ACTION[wanted.action] === action.case;
}

/** A route that is to come first, beside one that is not there, does not come. */
function insert(routes: readonly Route[], patch: PatchInput): readonly Route[] {
  const { operation } = patch;
  if (operation === 'REMOVE' || operation === 'REPLACE' || isMerge(patch)) return routes;
  const names = patch.route?.vhost?.route ? (route: Route) => isForRoute(patch, route) : undefined;
  if (operation === 'INSERT_FIRST' && names && !routes.some(names)) return routes;
  return changedList(routes, { operation, item: patchValue(patch, RouteSchema), names }, () => false);
}
