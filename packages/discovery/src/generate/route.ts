// RouteInput → RouteConfiguration.
import { create } from '@bufbuild/protobuf';
import {
  type QueryParameterMatcher,
  QueryParameterMatcherSchema,
  type Route,
  type RouteMatch,
  RouteMatchSchema,
  RouteSchema,
  type VirtualHost,
  VirtualHost_TlsRequirementType,
  VirtualHostSchema,
} from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { type RouteConfiguration, RouteConfigurationSchema } from '@meltemi/api/envoy/config/route/v3/route_pb';
import type {
  HttpRouteInput,
  NamedMatchInput,
  RouteInput,
  RouteMatchInput,
  VirtualHostInput,
} from '../input/route-input.ts';
import { headerOperations } from './header-changes.ts';
import { metadata } from './metadata.ts';
import { patchedRouteConfiguration } from './patch/patch-routes.ts';
import { routeAction } from './route-action.ts';
import { routeFilters } from './route-filters.ts';
import { headerMatcher, stringMatcher } from './string-matcher.ts';

/** Istio's limit of a body that a rule writes. */
const MAX_DIRECT_RESPONSE_BYTES = 1_048_576;

/** Clusters that are not there don't refuse the whole: their routes answer 503. */
export function generateRoutes(input: RouteInput): RouteConfiguration {
  const routes = create(RouteConfigurationSchema, {
    name: input.name,
    virtualHosts: input.virtualHosts.map((host) => generateVirtualHost(host, input.direction)),
    validateClusters: false,
    ignorePortInHostMatching: input.ignorePort,
    ...(input.direction !== 'inbound' && { maxDirectResponseBodySizeBytes: MAX_DIRECT_RESPONSE_BYTES }),
  });
  return input.patches ? patchedRouteConfiguration(routes, input.patches) : routes;
}

export function generateVirtualHost(input: VirtualHostInput, direction: RouteInput['direction']): VirtualHost {
  return create(VirtualHostSchema, {
    name: input.name,
    domains: [...input.domains],
    routes: input.routes.map(route),
    requireTls: input.requireTls ? VirtualHost_TlsRequirementType.ALL : VirtualHost_TlsRequirementType.NONE,
    includeRequestAttemptCount: direction === 'outbound',
  });
}

function route(input: HttpRouteInput): Route {
  const origin = metadata(input.provenance);
  return create(RouteSchema, {
    name: input.name,
    match: routeMatch(input.match),
    action: routeAction(input.action),
    ...(origin && { metadata: origin }),
    ...(input.operation && { decorator: { operation: input.operation } }),
    typedPerFilterConfig: routeFilters(input),
    ...headerOperations(input.requestHeaders, input.responseHeaders),
  });
}

function routeMatch(input: RouteMatchInput): RouteMatch {
  return create(RouteMatchSchema, {
    pathSpecifier: pathSpecifier(input),
    caseSensitive: !input.ignoreCase,
    headers: input.headers.map(headerMatcher),
    queryParameters: input.queryParameters.map(queryParameterMatcher),
  });
}

function pathSpecifier({ path }: RouteMatchInput): RouteMatch['pathSpecifier'] {
  switch (path.kind) {
    case 'exact':
      return { case: 'path', value: path.value };
    case 'prefix':
      return { case: 'prefix', value: path.value };
    case 'regex':
      return create(RouteMatchSchema, { pathSpecifier: { case: 'safeRegex', value: { regex: path.value } } })
        .pathSpecifier;
  }
}

function queryParameterMatcher({ name, match }: NamedMatchInput): QueryParameterMatcher {
  return create(QueryParameterMatcherSchema, {
    name,
    queryParameterMatchSpecifier:
      match.kind === 'present'
        ? { case: 'presentMatch', value: true }
        : { case: 'stringMatch', value: stringMatcher(match) },
  });
}
