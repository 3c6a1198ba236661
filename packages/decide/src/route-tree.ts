// Turns the match tree of a virtual host into a choice of the routes that are tried.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto#config-route-v3-virtualhost
import { unpackAny } from '@meltemi/api';
import {
  type Route,
  RouteListSchema,
  RouteSchema,
  type VirtualHost,
} from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import type { TypedExtensionConfig } from '@meltemi/api/xds/core/v3/extension_pb';
import type { Matcher } from '@meltemi/api/xds/type/matcher/v3/matcher_pb';
import { DecideError } from './decide-error.ts';
import { headerInput } from './match-tree/header-input.ts';
import { compileMatchTree, type MatchInput, type MatchTree } from './match-tree/match-tree.ts';
import { treeActions } from './match-tree/tree-actions.ts';
import type { RequestView } from './request-view.ts';
import type { RouteContext } from './route-level.ts';
import { compileRouteList, type RouteList } from './route-list.ts';

export interface RouteTree {
  /** Undefined: no routes are tried. */
  readonly choose: MatchTree<RequestView, RouteList>;
  /** All that it may choose. */
  readonly lists: readonly RouteList[];
}

/** Throws DecideError. */
export function compileRouteTree(matcher: Matcher, context: RouteContext): RouteTree {
  const lists: RouteList[] = [];
  const result = (action: TypedExtensionConfig) => {
    const list = compileRouteList(routesOfAction(action), context);
    lists.push(list);
    return list;
  };
  return { choose: compileMatchTree(matcher, { input: routeInput, result }), lists };
}

/** All routes of a virtual host, by whatever they are chosen. */
export function routesOf({ routes, matcher }: VirtualHost): readonly Route[] {
  return matcher ? treeActions(matcher).flatMap(routesOfAction) : routes;
}

/** As Envoy, routes are chosen by headers of the request alone. */
function routeInput(config: TypedExtensionConfig | undefined): MatchInput<RequestView> {
  const input = headerInput(config);
  if (input) return input;
  throw new DecideError('UNSUPPORTED', `matcher: input ${nameOf(config)}: routes are matched by request headers only`);
}

function routesOfAction(action: TypedExtensionConfig): readonly Route[] {
  const route = unpackAny(action.typedConfig, RouteSchema);
  if (route) return [route];
  const list = unpackAny(action.typedConfig, RouteListSchema);
  if (list) return list.routes;
  throw new DecideError('UNSUPPORTED', `matcher: action ${nameOf(action)}: neither a Route nor a RouteList`);
}

function nameOf(config: TypedExtensionConfig | undefined): string {
  return `${config?.name ?? ''} (${config?.typedConfig?.typeUrl ?? 'without a type'})`;
}
