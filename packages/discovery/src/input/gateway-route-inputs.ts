// Turns the HTTP servers of the gateways that a proxy stands for, and the rules bound to them, into routes by port.
import { type Host, hostCovers, resolveHost } from '@meltemi/base';
import type { LocatedResource, VirtualService } from '@meltemi/config';
import type { MeshSettings } from '../mesh.ts';
import type { ProxyScope } from '../scope.ts';
import { destinationResolver } from './destination-resolver.ts';
import { type BoundServer, boundServers, serverKind } from './gateway-server.ts';
import { virtualServiceRoutes } from './http-route-inputs.ts';
import type { HttpRouteInput, RouteInput, VirtualHostInput } from './route-input.ts';
import { gatewayName, matchesAll } from './route-match-inputs.ts';

/** `http.80`; with TLS each server has its own: `https.443.NAME.GATEWAY.NAMESPACE`. */
export function gatewayRouteName({ gateway, server, listen }: BoundServer): string {
  const { number, name } = server.port;
  if (server.port.protocol?.toUpperCase() !== 'HTTPS') return `http.${listen}`;
  return `https.${number}.${name ?? ''}.${gateway.metadata.name}.${gateway.metadata.namespace}`;
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

/** Rules that name the same host are merged, the oldest first; a route that matches all ends the list. */
function virtualHosts(scope: ProxyScope, mesh: MeshSettings, servers: readonly BoundServer[]): VirtualHostInput[] {
  const found = new Map<Host, { name: string; routes: HttpRouteInput[]; requireTls: boolean }>();
  for (const bound of servers) {
    const requireTls = bound.server.tls?.httpsRedirect === true;
    for (const rule of scope.visible.virtualServices) {
      const hosts = rule.spec.http ? hostsOf(rule, bound, mesh.domain) : [];
      if (hosts.length === 0) continue;
      const routes = routesOf(rule, bound, scope, mesh);
      for (const host of hosts) {
        const entry = found.get(host) ?? { name: `${host}:${bound.server.port.number}`, routes: [], requireTls };
        const { name } = entry;
        found.set(host, { name, routes: merge(entry.routes, routes), requireTls: entry.requireTls || requireTls });
      }
    }
  }
  if (found.size === 0) return [redirecting(servers) ?? nowhere(servers[0]!.server.port.number)];
  return [...found].map(([host, { name, routes, requireTls }]) => ({ name, domains: [host], routes, requireTls }));
}

/** Where no rule is bound, a server may still lead plaintext to https. */
function redirecting(servers: readonly BoundServer[]): VirtualHostInput | undefined {
  const bound = servers.find(({ server }) => server.tls?.httpsRedirect);
  if (!bound) return undefined;
  const domains = bound.server.hosts.map((written) => admission(written, bound).pattern);
  return { name: `${domains[0]}:${bound.server.port.number}`, domains, routes: [], requireTls: true };
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

function merge(before: readonly HttpRouteInput[], more: readonly HttpRouteInput[]): HttpRouteInput[] {
  const catchAll = before.findIndex((route) => matchesAll(route.match));
  if (catchAll < 0) return [...before, ...more];
  const specific = more.filter((route) => !matchesAll(route.match));
  return [...before.slice(0, catchAll), ...specific, before[catchAll]!];
}

/** `namespace/name` of its gateway. */
export function nameOf({ gateway }: BoundServer): string {
  return `${gateway.metadata.namespace}/${gateway.metadata.name}`;
}
