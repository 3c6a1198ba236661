// For tests: Envoy's choice of a virtual host and a route; headers and query are not looked at.
import type { Call, Met } from './call.test-support.ts';

export interface RouteTable {
  readonly name?: string;
  readonly ignorePortInHostMatching?: boolean;
  readonly virtualHosts?: readonly VirtualHost[];
}

export interface VirtualHost {
  readonly name: string;
  readonly domains: readonly string[];
  readonly requireTls?: string;
  readonly routes?: readonly Route[];
}

interface Route {
  readonly name?: string;
  readonly match: {
    readonly prefix?: string;
    readonly path?: string;
    readonly pathSeparatedPrefix?: string;
    readonly safeRegex?: { readonly regex: string };
  };
  readonly route?: { readonly cluster?: string };
}

type Found = Partial<Pick<Met, 'error' | 'virtualHostMatched' | 'routeMatched' | 'clusterMatched'>>;

export function chooseRoute(table: RouteTable, call: Call): Found {
  const host = table.ignorePortInHostMatching ? (call.hostHeader ?? '').replace(/:\d+$/, '') : (call.hostHeader ?? '');
  const virtualHost = hostOf(table.virtualHosts ?? [], host.toLowerCase());
  if (!virtualHost) return { error: 'no virtual host matched' };
  const virtualHostMatched = virtualHost.name;
  if (virtualHost.requireTls === 'ALL' && (call.tls ?? 'plaintext') === 'plaintext') {
    return { virtualHostMatched, error: 'tls required, sending 301' };
  }
  const route = virtualHost.routes?.find(({ match }) => matches(match, call.path ?? '/'));
  if (!route) return { virtualHostMatched, error: 'no route matched' };
  return { virtualHostMatched, routeMatched: route.name ?? '', clusterMatched: route.route?.cluster ?? '' };
}

/** Exact, longest `*suffix`, longest `prefix*`, `*`. */
function hostOf(hosts: readonly VirtualHost[], host: string): VirtualHost | undefined {
  const ranked = hosts.flatMap((virtualHost) =>
    virtualHost.domains.map((domain) => ({ virtualHost, rank: domainRank(domain.toLowerCase(), host) })),
  );
  const best = ranked.toSorted((a, b) => b.rank - a.rank)[0];
  return best && best.rank > 0 ? best.virtualHost : undefined;
}

function domainRank(domain: string, host: string): number {
  if (domain === host) return 3e6;
  if (domain === '*') return 1;
  if (domain.startsWith('*')) return host.endsWith(domain.slice(1)) ? 2e6 + domain.length : 0;
  return domain.endsWith('*') && host.startsWith(domain.slice(0, -1)) ? 1e6 + domain.length : 0;
}

function matches({ prefix, path, pathSeparatedPrefix, safeRegex }: Route['match'], asked: string): boolean {
  if (path !== undefined) return asked === path;
  if (pathSeparatedPrefix !== undefined)
    return asked === pathSeparatedPrefix || asked.startsWith(`${pathSeparatedPrefix}/`);
  if (safeRegex) return new RegExp(safeRegex.regex).test(asked);
  return asked.startsWith(prefix ?? '');
}
