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
import { routeAction } from './route-action.ts';
import { routeFilters } from './route-filters.ts';
import { headerMatcher, stringMatcher } from './string-matcher.ts';

/** Clusters that are not there don't refuse the whole: their routes answer 503. */
export function generateRoutes(input: RouteInput): RouteConfiguration {
  return create(RouteConfigurationSchema, {
    name: input.name,
    virtualHosts: input.virtualHosts.map(virtualHost),
    validateClusters: false,
    ignorePortInHostMatching: input.ignorePort,
  });
}

function virtualHost(input: VirtualHostInput): VirtualHost {
  return create(VirtualHostSchema, {
    name: input.name,
    domains: [...input.domains],
    routes: input.routes.map(route),
    requireTls: input.requireTls ? VirtualHost_TlsRequirementType.ALL : VirtualHost_TlsRequirementType.NONE,
    includeRequestAttemptCount: true,
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
