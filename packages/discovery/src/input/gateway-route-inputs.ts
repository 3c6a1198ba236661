// Turns the HTTP servers of the gateways that a proxy stands for, and the rules bound to them, into routes by port.
import { type Host, hostCovers, resolveHost } from '@meltemi/base';
import type { LocatedResource, VirtualService } from '@meltemi/config';
import type { MeshSettings } from '../mesh.ts';
import type { ProxyScope } from '../scope.ts';
import { destinationResolver } from './destination-resolver.ts';
import { type BoundServer, serverKind } from './gateway-server.ts';
import { boundServers } from './merged-servers.ts';
import { virtualServiceRoutes } from './http-route-inputs.ts';
import type { HttpRouteInput, RouteInput, VirtualHostInput } from './route-input.ts';
import { gatewayName, matchesAll } from './route-match-inputs.ts';

/** `http.80`; with TLS each server has its own: `https.443.NAME.GATEWAY.NAMESPACE`. An address that it is bound to follows. */
export function gatewayRouteName({ gateway, server, listen }: BoundServer): string {
  const { number, name } = server.port;
  const bind = server.bind ? `.${server.bind}` : '';
  if (server.port.protocol?.toUpperCase() !== 'HTTPS') return `http.${listen}${bind}`;
  return `https.${number}.${name ?? ''}.${gateway.metadata.name}.${gateway.metadata.namespace}${bind}`;
}

/** One input for each name; plaintext servers of one port share theirs. */
export function gatewayRouteInputs(scope: ProxyScope, mesh: MeshSettings): RouteInput[] {
  const byName = Map.groupBy(
    boundServers(scope).filter(({ server }) => serverKind(server) === 'http'),
    gatewayRouteName,
  );
  return [...byName].map(([name, servers]) => ({
    name,
    direction: 'gateway',
    ignorePort: true,
    virtualHosts: virtualHosts(scope, mesh, servers),
  }));
}

/** A host of a port: what its rules say, the oldest first, and whether plaintext is led to https. */
interface RoutedHost {
  readonly name: string;
  readonly routes: readonly HttpRouteInput[];
  readonly requireTls: boolean;
}

/** Rules that name the same host are merged; a server may lead hosts to https that no rule names. */
function virtualHosts(scope: ProxyScope, mesh: MeshSettings, servers: readonly BoundServer[]): VirtualHostInput[] {
  const found = new Map<Host, RoutedHost>();
  for (const bound of servers) {
    const requireTls = bound.server.tls?.httpsRedirect === true;
    const add = (host: Host, routes: readonly HttpRouteInput[]) => {
      const before = found.get(host) ?? { name: `${host}:${bound.server.port.number}`, routes: [], requireTls };
      const merged = { routes: merge(before.routes, routes), requireTls: before.requireTls || requireTls };
      found.set(host, { name: before.name, ...merged });
    };
    for (const rule of scope.visible.virtualServices) {
      const hosts = rule.spec.http ? hostsOf(rule, bound, mesh.domain) : [];
      const routes = hosts.length > 0 ? routesOf(rule, bound, scope, mesh) : [];
      for (const host of routes.length > 0 ? hosts : []) add(host, routes);
    }
    if (requireTls) for (const written of bound.server.hosts) add(admission(written, bound).pattern, []);
  }
  return found.size === 0 ? [nowhere(servers[0]!.server.port.number)] : withSharedRoutes(found);
}

/** Hosts of the same routes share a virtual host, under the first one's name. */
function withSharedRoutes(hosts: ReadonlyMap<Host, RoutedHost>): VirtualHostInput[] {
  const shared = new Map<HttpRouteInput | undefined, (RoutedHost & { readonly domains: Host[] })[]>();
  for (const [host, routed] of [...hosts].sort(([a], [b]) => bySpecificity(a, b))) {
    const [first] = routed.routes;
    const others = shared.get(first) ?? [];
    const alike = others.find((other) => other.requireTls === routed.requireTls && sameRoutes(other, routed));
    if (alike) alike.domains.push(host);
    else shared.set(first, [...others, { ...routed, domains: [host] }]);
  }
  return [...shared.values()].flat();
}

/** Names before wildcards, the longer before the shorter. */
function bySpecificity(a: Host, b: Host): number {
  const wild = Number(a.startsWith('*')) - Number(b.startsWith('*'));
  return wild || b.length - a.length || (a < b ? -1 : 1);
}

function sameRoutes({ routes: one }: RoutedHost, { routes: other }: RoutedHost): boolean {
  return one.length === other.length && one.every((route, index) => route === other[index]);
}

/** Where no rule is bound: every request is answered 404. */
function nowhere(port: number): VirtualHostInput {
  return { name: `blackhole:${port}`, domains: ['*'], routes: [], requireTls: false };
}

function routesOf(rule: LocatedResource<VirtualService>, bound: BoundServer, scope: ProxyScope, mesh: MeshSettings) {
  const port = bound.server.port.number;
  const { labels, node } = scope;
  return virtualServiceRoutes(rule, {
    audience: { gateway: nameOf(bound), labels, namespace: node.namespace, port },
    destinations: destinationResolver(scope.visible, { domain: mesh.domain, port }),
  });
}

/** The rule's hosts that the server admits; where the server names one of a wildcard's, that one. */
export function hostsOf(rule: LocatedResource<VirtualService>, bound: BoundServer, domain: string): readonly Host[] {
  const home = rule.metadata.namespace;
  if (!rule.spec.gateways?.some((name) => gatewayName(name, home) === nameOf(bound))) return [];
  const hosts = rule.spec.hosts.map((host) => resolveHost(host, home, domain));
  const admitted = bound.server.hosts.flatMap((written) => {
    const { namespace, pattern } = admission(written, bound);
    if (namespace !== '*' && namespace !== home) return [];
    return hosts.flatMap((host) => (hostCovers(pattern, host) ? [host] : hostCovers(host, pattern) ? [pattern] : []));
  });
  return [...new Set(admitted)];
}

/** `namespace/host`: only rules of the namespace may serve the host. */
function admission(written: string, { gateway }: BoundServer): { readonly namespace: string; readonly pattern: Host } {
  const slash = written.indexOf('/');
  const namespace = slash < 0 ? '*' : written.slice(0, slash);
  return {
    namespace: namespace === '.' ? gateway.metadata.namespace : namespace,
    pattern: written.slice(slash + 1).toLowerCase(),
  };
}

/** A route that matches all ends the list. */
function merge(before: readonly HttpRouteInput[], more: readonly HttpRouteInput[]): readonly HttpRouteInput[] {
  const catchAll = before.findIndex((route) => matchesAll(route.match));
  if (catchAll < 0) return [...before, ...more];
  const specific = more.filter((route) => !matchesAll(route.match));
  return [...before.slice(0, catchAll), ...specific, before[catchAll]!];
}

/** `namespace/name` of its gateway. */
export function nameOf({ gateway }: BoundServer): string {
  return `${gateway.metadata.namespace}/${gateway.metadata.name}`;
}
