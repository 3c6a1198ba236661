// Turns services and rules into a redirected sidecar's routes: one table a port, by host.
import { isIP } from 'node:net';
import { type Host, hostCovers } from '@meltemi/base';
import type { LocatedResource, VirtualService } from '@meltemi/config';
import { isHttp, type Service, type ServicePort } from '@meltemi/registry';
import { Memo } from '../memo/memo.ts';
import type { MeshSettings } from '../mesh.ts';
import type { ProxyScope } from '../scope.ts';
import { PASSTHROUGH_CLUSTER } from './cluster-name.ts';
import { plainForward } from './forward-action.ts';
import { NO_HEADER_CHANGES } from './header-changes-input.ts';
import type { RouteActionInput, RouteInput, VirtualHostInput } from './route-input.ts';
import { meshHosts } from './mesh-rules.ts';
import { MATCH_ALL } from './route-match-inputs.ts';
import { serviceAddresses } from './service-addresses.ts';
import {
  ROUTE_DEPTH,
  type RouteSources,
  routesOf,
  ruledRoutes,
  shortNames,
  virtualHost,
} from './sidecar-route-inputs.ts';

/** Rules may name hosts that no service has; they are taken to be at HTTP's own port. */
const HTTP_PORT = 80;

/** The table of a port of one service, whose address tells it from others. */
export function addressedRouteName(service: Service, port: ServicePort): string {
  return `${service.host}:${port.number}`;
}

/** Named as the port, or `host:port` where a listener stands for one service. */
export function redirectedRouteInputs(scope: ProxyScope, mesh: MeshSettings): RouteInput[] {
  const ports = dialled(scope).flatMap((service) => service.ports.map((port) => ({ service, port })));
  const shared = ports.filter(
    ({ service, port }) => isHttp(port.protocol) || (port.unnamed && !hasOwnListeners(service)),
  );
  const numbers = [...new Set(shared.map(({ port }) => port.number))].sort((a, b) => a - b);
  const addressed = ports.filter(
    ({ service, port }) => port.unnamed && (service.headless || serviceAddresses(service).single.length > 0),
  );
  return [
    ...numbers.map((number) => portRoutes(number, scope, mesh)),
    ...addressed.map(({ service, port }) => addressedRoutes(service, port, scope, mesh)),
  ];
}

/** One for each of its addresses, or of its pods. */
function hasOwnListeners(service: Service): boolean {
  return service.headless === true || serviceAddresses(service).single.length > 0;
}

/** A name for another service has no address of its own: who uses it dials the other. */
export function dialled({ visible }: ProxyScope): readonly Service[] {
  return visible.called.filter(({ externalName }) => externalName === undefined);
}

function addressedRoutes(service: Service, port: ServicePort, scope: ProxyScope, mesh: MeshSettings): RouteInput {
  const name = addressedRouteName(service, port);
  const routes = routesOf(scope, mesh, service.host, port);
  return { name, direction: 'outbound', ignorePort: true, virtualHosts: [virtualHost(name, ['*'], routes)] };
}

function portRoutes(number: number, scope: ProxyScope, mesh: MeshSettings): RouteInput {
  const called = dialled(scope).flatMap((service) => {
    const port = service.ports.find((each) => each.number === number && (isHttp(each.protocol) || each.unnamed));
    return port ? [{ service, port }] : [];
  });
  const known = called.map(({ service, port }) => serviceVirtualHost(service, port, scope, mesh));
  const hosts = ruledHosts(
    number,
    called.map(({ service }) => service),
    scope,
    mesh,
  );
  const own = hosts
    .map(({ host, rule }) => virtualHost(`${host}:${number}`, [host], ruledRoutes(scope, mesh, rule, number)))
    .filter(({ routes }) => routes.length > 0);
  const virtualHosts = withoutTaken([...known, ...own, undeclared(scope)]);
  return { name: String(number), direction: 'outbound', ignorePort: true, virtualHosts };
}

/** By port of a service: a rule that changed makes its own virtual host anew. */
const hostsByPort = new WeakMap<ServicePort, Memo<RouteSources, VirtualHostInput>>();

function serviceVirtualHost(
  service: Service,
  port: ServicePort,
  scope: ProxyScope,
  mesh: MeshSettings,
): VirtualHostInput {
  const memo = hostsByPort.get(port) ?? new Memo<RouteSources, VirtualHostInput>(ROUTE_DEPTH);
  hostsByPort.set(port, memo);
  return memo.result(`${service.host} ${scope.node.namespace}`, { scope, mesh, service }, (from) =>
    virtualHost(
      `${service.host}:${port.number}`,
      domainsOf(service, from.scope, from.mesh),
      routesOf(from.scope, from.mesh, service.host, port),
    ),
  );
}

interface RuledHost {
  readonly host: Host;
  readonly rule: LocatedResource<VirtualService>;
}

/**
 * Hosts of rules that no service has at this port. HTTP's own port takes all of them, others those of rules that route a
 * service there. A wildcard that covers services speaks of them, and of nothing else.
 */
function ruledHosts(number: number, there: readonly Service[], scope: ProxyScope, mesh: MeshSettings): RuledHost[] {
  const names = new Set(there.map(({ host }) => host));
  const covers = (host: Host) =>
    host.startsWith('*') ? there.some((service) => hostCovers(host, service.host)) : names.has(host);
  return scope.visible.virtualServices
    .filter(({ spec }) => spec.http)
    .map((rule) => ({ rule, hosts: meshHosts(rule, mesh.domain) }))
    .filter(({ hosts }) => number === HTTP_PORT || hosts.some(covers))
    .flatMap(({ rule, hosts }) => hosts.filter((host) => !covers(host)).map((host) => ({ host, rule })));
}

/** Its names, with a dot at the end too, its addresses, and the names that lead to it by DNS; each pod's where they have names. */
function domainsOf(service: Service, { node, visible }: ProxyScope, mesh: MeshSettings): string[] {
  const aliases = visible.aliases.get(service.host) ?? [];
  const names = [service, ...aliases].flatMap((each) => [
    each.host,
    ...(isIP(each.host) ? [] : [`${each.host}.`]),
    ...shortNames(each, node.namespace, mesh.domain),
  ]);
  const ofPods = service.headless ? names.map((name) => `*.${name}`) : [];
  const { single, blocks } = serviceAddresses(service);
  return [...names, ...ofPods, ...single, ...blocks];
}

/** A domain is the first virtual host's that names it. */
function withoutTaken(hosts: readonly VirtualHostInput[]): VirtualHostInput[] {
  const taken = new Set<string>();
  return hosts.flatMap((host) => {
    const domains = host.domains.filter((domain) => !taken.has(domain) && taken.add(domain));
    if (domains.length === host.domains.length) return [host];
    return domains.length > 0 ? [{ ...host, domains }] : [];
  });
}

/** Hosts that nobody declared. */
function undeclared({ outboundTrafficPolicy }: ProxyScope): VirtualHostInput {
  const allowed = outboundTrafficPolicy === 'ALLOW_ANY';
  const action: RouteActionInput = allowed
    ? { ...plainForward(PASSTHROUGH_CLUSTER, undefined), retry: undefined }
    : { kind: 'direct', status: 502, body: '' };
  const name = allowed ? 'allow_any' : 'block_all';
  const nothing = {
    requestHeaders: NO_HEADER_CHANGES,
    responseHeaders: NO_HEADER_CHANGES,
    fault: undefined,
    cors: undefined,
  };
  return virtualHost(
    name,
    ['*'],
    [{ name, match: MATCH_ALL, action, ...nothing, operation: '', provenance: undefined }],
  );
}
