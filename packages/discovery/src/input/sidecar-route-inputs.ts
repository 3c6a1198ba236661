// Turns services and their rules into the routes of a sidecar's outbound listeners.
import { type Host, serviceHost } from '@meltemi/base';
import type { LocatedResource, VirtualService } from '@meltemi/config';
import { isHttp, type Service, type ServicePort } from '@meltemi/registry';
import { Memo } from '../memo/memo.ts';
import type { MeshSettings } from '../mesh.ts';
import type { NamespaceScope, ProxyScope } from '../scope.ts';
import { outboundName } from './cluster-name.ts';
import { destinationResolver } from './destination-resolver.ts';
import { plainForward } from './forward-action.ts';
import { NO_HEADER_CHANGES } from './header-changes-input.ts';
import { type RouteContext, virtualServiceRoutes } from './http-route-inputs.ts';
import type { HttpRouteInput, RouteInput, VirtualHostInput } from './route-input.ts';
import { meshHosts } from './mesh-rules.ts';
import { MATCH_ALL, type RouteAudience } from './route-match-inputs.ts';

/** The name of the HTTP proxy's listener and of its routes. */
export const HTTP_PROXY = 'http_proxy';

/** The routes that the sidecar's listeners name. */
export function sidecarRouteInputs(scope: ProxyScope, mesh: MeshSettings): RouteInput[] {
  const placement = scope.workload?.placement;
  if (!placement) return [];
  const routes = placement.outbound.flatMap(({ host, port: number }) => {
    const service = scope.visible.serviceByHost.get(host);
    const port = service?.ports.find((other) => other.number === number);
    return service && port && isHttp(port.protocol) ? [serviceRouteInput(scope, mesh, service, port)] : [];
  });
  return placement.httpProxy ? [...routes, httpProxyRouteInput(scope, mesh)] : routes;
}

/** Routes of the listener that stands for one port of one service: whatever host a request names. */
export function serviceRouteInput(
  scope: ProxyScope,
  mesh: MeshSettings,
  service: Service,
  port: ServicePort,
): RouteInput {
  const name = outboundName(service.host, port.number);
  return {
    name,
    direction: 'outbound',
    ignorePort: false,
    virtualHosts: [virtualHost(`${service.host}:${port.number}`, ['*'], routesOf(scope, mesh, service.host, port))],
  };
}

/** Routes of the HTTP proxy: by host over all services and what rules and entries declare; others find nothing. */
export function httpProxyRouteInput(scope: ProxyScope, mesh: MeshSettings): RouteInput {
  const taken = new Set<string>();
  const claim = (domains: readonly string[]) => {
    const free = domains.filter((domain) => !taken.has(domain));
    for (const domain of free) taken.add(domain);
    return free;
  };
  const known = scope.visible.services.flatMap((service) =>
    service.ports
      .filter((port) => isProxied(scope.visible, service, port))
      .map((port) =>
        virtualHost(
          `${service.host}:${port.number}`,
          claim(serviceDomains(service, port, scope.node.namespace, mesh.domain)),
          routesOf(scope, mesh, service.host, port),
        ),
      ),
  );
  const ruled = hostsOfRules(scope, mesh).map((host) =>
    virtualHost(`${host}:80`, claim([host, `${host}:80`]), routesOf(scope, mesh, host, undefined)),
  );
  const virtualHosts = [...known, ...ruled].filter(({ domains }) => domains.length > 0);
  return { name: HTTP_PROXY, direction: 'outbound', ignorePort: false, virtualHosts };
}

export function virtualHost(
  name: string,
  domains: readonly string[],
  routes: readonly HttpRouteInput[],
): VirtualHostInput {
  return { name, domains, routes, requireTls: false };
}

/** What routes are made of. */
export interface RouteSources {
  readonly scope: ProxyScope;
  readonly mesh: MeshSettings;
  readonly [source: string]: unknown;
}

/** By port of a service: the routes of a thousand services are not made again for one that changed. */
const routesByPort = new WeakMap<ServicePort, Memo<RouteSources, readonly HttpRouteInput[]>>();
/** What of it is looked into. */
export const ROUTE_DEPTH = {
  scope: { node: {}, labels: {}, visible: { policies: {}, serviceByHost: {}, aliases: {} } },
};

/** What the rule of the host says; without a rule everything goes to the service. */
export function routesOf(
  scope: ProxyScope,
  mesh: MeshSettings,
  host: Host,
  port: ServicePort | undefined,
): readonly HttpRouteInput[] {
  if (!port) return hostRoutes(scope, mesh, host, { number: 80, home: scope.node.namespace });
  const memo = routesByPort.get(port) ?? new Memo<RouteSources, readonly HttpRouteInput[]>(ROUTE_DEPTH);
  routesByPort.set(port, memo);
  return memo.result(host, { scope, mesh }, (from) =>
    // The host of a service is whole: no namespace has to complete it.
    hostRoutes(from.scope, from.mesh, host, { number: port.number, home: '' }),
  );
}

/** What a rule says of a host that no service has at this port; nothing where it says nothing to the caller. */
export function ruledRoutes(
  scope: ProxyScope,
  mesh: MeshSettings,
  rule: LocatedResource<VirtualService>,
  number: number,
): readonly HttpRouteInput[] {
  return virtualServiceRoutes(rule, routeContext(scope, mesh, number));
}

function hostRoutes(
  scope: ProxyScope,
  mesh: MeshSettings,
  host: Host,
  { number, home }: { readonly number: number; readonly home: string },
): readonly HttpRouteInput[] {
  const { audience, destinations } = routeContext(scope, mesh, number);
  // A rule that says nothing to this caller leaves the host to the next.
  for (const rule of scope.visible.meshRule(host)) {
    const ruled = virtualServiceRoutes(rule, { audience, destinations });
    if (ruled.length > 0) return ruled;
  }
  const { cluster, hash } = destinations.resolve({ host, port: { number } }, home);
  return [
    {
      name: 'default',
      match: MATCH_ALL,
      action: plainForward(cluster, hash),
      requestHeaders: NO_HEADER_CHANGES,
      responseHeaders: NO_HEADER_CHANGES,
      fault: undefined,
      cors: undefined,
      operation: `${host}:${number}/*`,
      provenance: undefined,
    },
  ];
}

function routeContext(scope: ProxyScope, mesh: MeshSettings, number: number): RouteContext {
  const destinations = destinationResolver(scope.visible, { domain: mesh.domain, port: number });
  // Read where a match asks for it: rules that ask nothing of callers give one object for all namespaces.
  const audience: RouteAudience = {
    gateway: 'mesh',
    port: number,
    get labels() {
      return scope.labels;
    },
    get namespace() {
      return scope.node.namespace;
    },
  };
  return { audience, destinations };
}

/** Hosts of rules that no service has: `http://virtual.example/` may lead to any service. */
export function hostsOfRules(scope: ProxyScope, mesh: MeshSettings): readonly Host[] {
  const hosts = scope.visible.virtualServices
    .filter((rule) => rule.spec.http)
    .flatMap((rule) => meshHosts(rule, mesh.domain));
  return [...new Set(hosts)].filter((host) => host !== '*' && !scope.visible.serviceByHost.has(host));
}

/** An explicit proxy carries plaintext HTTP; a TLS port too when the sidecar makes the TLS itself. */
function isProxied(visible: NamespaceScope, service: Service, port: ServicePort): boolean {
  if (isHttp(port.protocol)) return true;
  const mode = visible.policies.get(service.host)?.trafficPolicy?.tls?.mode;
  return port.protocol === 'https' && (mode === 'SIMPLE' || mode === 'MUTUAL');
}

/** `reviews:9080`, `reviews.default:9080`, …; without a port where it is HTTP's own. */
function serviceDomains(service: Service, port: ServicePort, namespace: string, domain: string): string[] {
  const names = [
    service.host,
    ...shortNames(service, namespace, domain),
    ...(service.address ? [service.address] : []),
  ];
  return names.flatMap((name) => {
    const withPort = `${name}:${port.number}`;
    if (name.startsWith('*')) return [name];
    return port.number === 80 ? [name, withPort] : [withPort];
  });
}

/** The names that Kubernetes' DNS search path allows. */
export function shortNames(service: Service, namespace: string, domain: string): string[] {
  if (service.host !== serviceHost(service.name, service.namespace, domain)) return [];
  const full = `${service.name}.${service.namespace}`;
  return [...(namespace === service.namespace ? [service.name] : []), full, `${full}.svc`];
}
