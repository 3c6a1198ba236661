// Finds each HTTP filter, virtual host and route of a connection manager that can't be honoured, by trying them one by one.
import { create } from '@bufbuild/protobuf';
import { type RouteConfiguration, RouteConfigurationSchema } from '@meltemi/api/envoy/config/route/v3/route_pb';
import {
  type Route,
  type VirtualHost,
  VirtualHostSchema,
} from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import {
  type HttpConnectionManager,
  HttpConnectionManagerSchema,
} from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { FieldFault } from '@meltemi/api';

type TryManager = (manager: HttpConnectionManager) => string | undefined;

/** Empty when no part alone is at fault. */
export function connectionManagerFaults(
  manager: HttpConnectionManager,
  path: string,
  build: TryManager,
): readonly FieldFault[] {
  const bare = build(withRoutes(withFilters(manager, manager.httpFilters.slice(-1)), withoutHosts(manager)));
  if (bare !== undefined) return [{ path, message: bare }];
  return [...httpFilterFaults(manager, path, build), ...routeConfigFaults(manager, path, build)];
}

/** The last one, the router, was tried with the rest of the manager. */
function httpFilterFaults(manager: HttpConnectionManager, path: string, build: TryManager): readonly FieldFault[] {
  const { httpFilters } = manager;
  return httpFilters.slice(0, -1).flatMap((filter, index) => {
    const alone = withFilters(manager, [filter, ...httpFilters.slice(-1)]);
    const message = build(withRoutes(alone, withoutHosts(manager)));
    return message === undefined ? [] : [{ path: `${path}.http_filters[${index}]`, message }];
  });
}

/** With all filters, which routes may configure; without them when they are at fault. */
function routeConfigFaults(manager: HttpConnectionManager, path: string, build: TryManager): readonly FieldFault[] {
  const config = routeConfig(manager);
  if (!config) return [];
  const filtersFit = build(withRoutes(manager, withoutHosts(manager))) === undefined;
  const base = filtersFit ? manager : withFilters(manager, manager.httpFilters.slice(-1));
  const buildHost = (host: VirtualHost) =>
    build(withRoutes(base, create(RouteConfigurationSchema, { ...config, virtualHosts: [host] })));
  return config.virtualHosts.flatMap((host, index) =>
    hostFaults(host, `${path}.route_config.virtual_hosts[${index}]`, buildHost),
  );
}

function hostFaults(
  host: VirtualHost,
  path: string,
  build: (host: VirtualHost) => string | undefined,
): readonly FieldFault[] {
  const whole = build(host);
  if (whole === undefined) return [];
  const withRoute = (routes: Route[]) => create(VirtualHostSchema, { ...host, routes });
  const bare = build(withRoute([]));
  if (bare !== undefined) return [{ path, message: bare }];
  const faults = host.routes.flatMap((route, index) => {
    const message = build(withRoute([route]));
    return message === undefined ? [] : [{ path: `${path}.routes[${index}]`, message }];
  });
  return faults.length > 0 ? faults : [{ path, message: whole }];
}

function routeConfig({ routeSpecifier }: HttpConnectionManager): RouteConfiguration | undefined {
  return routeSpecifier.case === 'routeConfig' ? routeSpecifier.value : undefined;
}

function withoutHosts(manager: HttpConnectionManager): RouteConfiguration | undefined {
  const config = routeConfig(manager);
  return config && create(RouteConfigurationSchema, { ...config, virtualHosts: [] });
}

/** Routes that are discovered stay as they are. */
function withRoutes(manager: HttpConnectionManager, routes: RouteConfiguration | undefined): HttpConnectionManager {
  if (!routes) return manager;
  return create(HttpConnectionManagerSchema, { ...manager, routeSpecifier: { case: 'routeConfig', value: routes } });
}

function withFilters(
  manager: HttpConnectionManager,
  httpFilters: HttpConnectionManager['httpFilters'],
): HttpConnectionManager {
  return create(HttpConnectionManagerSchema, { ...manager, httpFilters });
}
