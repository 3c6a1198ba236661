// The routes of the ingress proxy: each Ingress path within the rules of the service that it leads to.
import type { Service, ServicePort } from '@meltemi/registry';
import type { RouteDocument } from './documents.ts';
import type { IngressRule, PathMatch } from './ingress-rules.ts';
import { mixerOptions } from './mixer-filter.ts';
import { serviceRoutes } from './outbound-routes.ts';
import { type RouteConfigs, routeConfigs } from './route-config.ts';
import { inOrder, type V1Route } from './v1-route.ts';
import type { V1World } from './v1-world.ts';

export const INGRESS_PORT = 80;
export const INGRESS_TLS_PORT = 443;

/** Paths with a secret are served on the TLS port alone. Both ports are there even when they serve nothing. */
export function ingressRoutes(world: V1World): RouteConfigs {
  const found = world.rules.ingressRules.map((rule) => ({
    port: rule.secret === '' ? INGRESS_PORT : INGRESS_TLS_PORT,
    host: rule.host,
    routes: pathRoutes(world, rule),
  }));
  const byHost = Map.groupBy(found, ({ port, host }) => `${port} ${host}`);
  const hosts = [...byHost.values()].map((entries) => {
    const { port, host } = entries[0]!;
    const routes = entries.flatMap((entry) => entry.routes).toSorted(byPath);
    return { port, host: { name: host, domains: [host], routes } };
  });
  const filled = hosts.filter(({ host }) => host.routes.length > 0);
  return new Map([[INGRESS_PORT, []], [INGRESS_TLS_PORT, []], ...routeConfigs(filled)]);
}

/** The secret of the TLS port, `name.namespace`: v1 has no SNI, so the first is for all. */
export function ingressSecret(world: V1World): string {
  return world.rules.ingressRules.find(({ secret }) => secret !== '')?.secret ?? '';
}

function pathRoutes(world: V1World, rule: IngressRule): readonly V1Route[] {
  const { name, namespace } = rule.service;
  const service = world.services.find((known) => known.name === name && known.namespace === namespace);
  const port = service && portOf(service, rule.port);
  if (!service || !port) return [];
  const options = mixerOptions(world, { forward: true });
  return serviceRoutes(world, service, port, []).flatMap((route) => {
    const url = narrowed(route.document, rule.path);
    const { path: _path, prefix: _prefix, ...others } = route.document;
    return url ? [{ ...route, document: inOrder({ ...others, ...url, ...options }) }] : [];
  });
}

function portOf(service: Service, port: number | string): ServicePort | undefined {
  return service.ports.find(({ name, number }) => number === port || name === port);
}

/** What both the route and the Ingress take; undefined: nothing. */
function narrowed(route: RouteDocument, match: PathMatch): Pick<RouteDocument, 'path' | 'prefix'> | undefined {
  const { path, prefix = '' } = route;
  if (match.kind === 'exact') {
    const taken = path === undefined ? route.regex === undefined && match.path.startsWith(prefix) : path === match.path;
    return taken ? { path: match.path } : undefined;
  }
  if (path !== undefined) return path.startsWith(match.prefix) ? { path } : undefined;
  if (prefix.startsWith(match.prefix)) return { prefix };
  return match.prefix.startsWith(prefix) && route.regex === undefined ? { prefix: match.prefix } : undefined;
}

/** Exact paths first, by text; then prefixes, the longer first. */
function byPath({ document: a }: V1Route, { document: b }: V1Route): number {
  if (a.path !== undefined && b.path !== undefined) return compare(a.path, b.path);
  if (a.path !== undefined || b.path !== undefined) return a.path === undefined ? 1 : -1;
  const [prefixA, prefixB] = [a.prefix ?? '', b.prefix ?? ''];
  return prefixB.length - prefixA.length || compare(prefixA, prefixB);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
