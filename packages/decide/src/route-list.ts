// Turns routes that are tried in their order into entries with an index, and finds the first that matches a request.
import type { Route } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { firstMiss } from './condition.ts';
import { at } from './decide-error.ts';
import type { TraceSink } from './decision.ts';
import { pathNeed } from './path-match.ts';
import { placeOf, provenanceOf } from './provenance.ts';
import type { RequestView } from './request-view.ts';
import { compileRoute, type RouteEntry } from './route-entry.ts';
import { indexRoutes, type RouteIndex } from './route-index.ts';
import type { RouteContext } from './route-level.ts';

export interface RouteList {
  readonly routes: readonly RouteEntry[];
  /** Set where there are many. */
  readonly index: RouteIndex<RouteEntry> | undefined;
}

/** Throws DecideError, with the route in its message. */
export function compileRouteList(messages: readonly Route[], context: RouteContext): RouteList {
  const routes = messages.map((route, index) =>
    at(placeOf('route', route.name || `#${index}`, provenanceOf(route.metadata)), () => compileRoute(route, context)),
  );
  const needs = messages.map(({ match }) => match && pathNeed(match, context.ignorePathParameters));
  return { routes, index: indexRoutes(routes, needs) };
}

/** `path` and `chance` as conditions take them. */
export function findRoute(
  { routes, index }: RouteList,
  request: RequestView,
  path: string,
  chance: number,
  trace: TraceSink | undefined,
): RouteEntry | undefined {
  if (index && !trace) return index.first(request, path, chance);
  for (const entry of routes) {
    const missed = firstMiss(entry.conditions, request, path, chance);
    trace?.add({
      subject: 'route',
      name: entry.action.route.name,
      source: entry.action.route.source ?? entry.action.route.config,
      outcome: missed ? 'missed' : 'matched',
      reason: missed
        ? `wants ${missed.words}, it ${missed.seen(request, path, chance)}`
        : entry.conditions.map((condition) => condition.words).join(', '),
    });
    if (!missed) return entry;
  }
  return undefined;
}
