// Route configurations → `proxy-config route`'s rows and filters.
import { resourceOf, type RouteConfigJson, type RouteJson, type VirtualHostJson } from '../proxy-json.ts';
import type { RouteFilter } from './filters.ts';
import { routeMatchText } from './match-text.ts';

const DOMAINS_SHOWN = 2;

export function keepRoutes(routes: RouteConfigJson, { name }: RouteFilter): boolean {
  return name === undefined || routes.name === name;
}

export function routeTable(configs: readonly RouteConfigJson[]): readonly (readonly string[])[] {
  const rows = configs
    .toSorted((a, b) => compareNames(a.name, b.name))
    .flatMap((config) => (config.virtual_hosts ?? []).flatMap((host) => hostRows(config.name, host)));
  return [['NAME', 'VHOST NAME', 'DOMAINS', 'MATCH', 'VIRTUAL SERVICE'], ...rows];
}

function hostRows(name: string, host: VirtualHostJson): readonly (readonly string[])[] {
  const of = [name, host.name ?? '', domainsText(host.domains ?? [])];
  const routes = host.routes ?? [];
  if (routes.length === 0) return [[...of, '', '404']];
  return routes.map((route) => [...of, routeMatchText(route.match), virtualServiceOf(route)]);
}

/** The same host with and without port is one. */
function domainsText(domains: readonly string[]): string {
  const hosts = [...new Set(domains.map((domain) => domain.replace(/:\d+$/, '')))].toSorted(
    (a, b) => a.length - b.length,
  );
  const more = hosts.length - DOMAINS_SHOWN;
  return hosts.slice(0, DOMAINS_SHOWN).join(', ') + (more > 0 ? ` + ${more} more...` : '');
}

function virtualServiceOf({ metadata, direct_response: direct }: RouteJson): string {
  return direct?.status === 404 ? '404' : resourceOf(metadata);
}

/** Ports come first, by number. */
function compareNames(a: string, b: string): number {
  const [left, right] = [Number(a), Number(b)];
  if (!Number.isNaN(left) && !Number.isNaN(right)) return left - right;
  if (Number.isNaN(left) !== Number.isNaN(right)) return Number.isNaN(left) ? 1 : -1;
  return a < b ? -1 : Number(a > b);
}
