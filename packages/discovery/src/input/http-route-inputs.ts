// Turns one HTTP route of a VirtualService into the routes of one proxy: a route for each match that concerns it.
// https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRoute
import type { HttpRoute, LocatedResource, VirtualService } from '@meltemi/config';
import { corsInput } from './cors-input.ts';
import { faultInput } from './fault-input.ts';
import { forwardAction } from './forward-action.ts';
import { headerChangesInput, NO_HEADER_CHANGES } from './header-changes-input.ts';
import { type Provenance, provenance } from './provenance.ts';
import { directAction, redirectAction } from './reply-action.ts';
import type { DestinationResolver } from './destination-resolver.ts';
import { isGatewayRoute } from './route-semantics.ts';
import type { HeaderChangesInput, HttpRouteInput, RouteActionInput, RouteMatchInput } from './route-input.ts';
import { addresses, MATCH_ALL, matchesAll, type RouteAudience, routeMatchInput } from './route-match-inputs.ts';

/** What turns rules into routes for one audience. */
export interface RouteContext {
  readonly audience: RouteAudience;
  readonly destinations: DestinationResolver;
}

/** All routes of a VirtualService, up to the first that matches everything. */
export function virtualServiceRoutes(
  rule: LocatedResource<VirtualService>,
  context: RouteContext,
): readonly HttpRouteInput[] {
  const routes = (rule.spec.http ?? []).flatMap((http, index) => httpRouteInputs(rule, http, index, context));
  const last = routes.findIndex((route) => matchesAll(route.match));
  return last < 0 ? routes : routes.slice(0, last + 1);
}

function httpRouteInputs(
  rule: LocatedResource<VirtualService>,
  http: HttpRoute,
  index: number,
  context: RouteContext,
): HttpRouteInput[] {
  const home = rule.metadata.namespace;
  const written = provenance(rule, `spec.http[${index}]`);
  const route = (name: string, match: RouteMatchInput) =>
    routeInput(
      { http, name, match, home, rule: rule.metadata.name, cutsPrefix: isGatewayRoute(rule), provenance: written },
      context,
    );
  if (!http.match || http.match.length === 0) return [route(http.name ?? '', MATCH_ALL)];
  return http.match
    .filter((match) => addresses(match, home, context.audience))
    .map((match) => route(routeName(http.name, match.name), routeMatchInput(match)));
}

/** Istio joins the names of the route and of its match. */
function routeName(route: string | undefined, match: string | undefined): string {
  return match ? `${route ?? ''}.${match}` : (route ?? '');
}

interface WrittenRoute {
  readonly http: HttpRoute;
  readonly name: string;
  readonly match: RouteMatchInput;
  readonly home: string;
  /** Name of the VirtualService. */
  readonly rule: string;
  readonly cutsPrefix: boolean;
  readonly provenance: Provenance;
}

function routeInput(written: WrittenRoute, context: RouteContext): HttpRouteInput {
  const { http, match } = written;
  const action = actionInput(written, context);
  return {
    name: written.name,
    match,
    action,
    requestHeaders: headerChanges(http, 'request'),
    responseHeaders: headerChanges(http, 'response'),
    fault: http.fault && faultInput(http.fault),
    cors: http.corsPolicy && corsInput(http.corsPolicy),
    operation: `${operationOf(http, action, `${written.rule}:${context.audience.port}`)}${pathOf(match)}`,
    provenance: written.provenance,
  };
}

/** How traces call a route: by where it leads, or by its rule where that is not one place. */
function operationOf({ route = [] }: HttpRoute, action: RouteActionInput, rule: string): string {
  const only = action.kind === 'forward' && route.length === 1 ? action.clusters[0] : undefined;
  const [, port, , host] = only?.cluster.split('|') ?? [];
  return host === undefined ? rule : `${host}:${port}`;
}

/** What a single destination changes is the route's own. */
function headerChanges({ headers, route = [] }: HttpRoute, way: 'request' | 'response'): HeaderChangesInput {
  const own = headerChangesInput(headers?.[way]) ?? NO_HEADER_CHANGES;
  const only = route.length === 1 ? headerChangesInput(route[0]!.headers?.[way]) : undefined;
  if (!only) return own;
  return {
    set: [...own.set, ...only.set],
    add: [...own.add, ...only.add],
    remove: [...own.remove, ...only.remove],
  };
}

function pathOf({ path }: RouteMatchInput): string {
  return path.kind === 'prefix' ? `${path.value}*` : path.value;
}

/** A route without destinations, such as one that only delegates, answers as if nothing were there. */
function actionInput(
  { http, match, home, cutsPrefix }: WrittenRoute,
  { destinations }: RouteContext,
): RouteActionInput {
  if (http.redirect) return redirectAction(http.redirect);
  if (http.directResponse) return directAction(http.directResponse);
  if (!http.route || http.route.length === 0) return { kind: 'direct', status: 404, body: '' };
  return forwardAction(http, { match, cutsPrefix }, (destination) => destinations.resolve(destination, home));
}
