// Route configurations of one proxy, by port: virtual hosts with what their routes need.
import type { RouteConfigDocument, VirtualHostDocument } from './documents.ts';
import type { V1Route } from './v1-route.ts';

export interface VirtualHost {
  readonly name: string;
  readonly domains: readonly string[];
  readonly routes: readonly V1Route[];
}

export type RouteConfigs = ReadonlyMap<number, readonly VirtualHost[]>;

/** Groups hosts by the port that they are served on; in each the hosts stand by name. */
export function routeConfigs(hosts: readonly { readonly port: number; readonly host: VirtualHost }[]): RouteConfigs {
  const byPort = Map.groupBy(hosts, ({ port }) => port);
  return new Map([...byPort].map(([port, entries]) => [port, sortHosts(entries.map(({ host }) => host))]));
}

/** All ports in one, for the HTTP proxy: a name without a port means port 80. */
export function combined(configs: RouteConfigs): readonly VirtualHost[] {
  const hosts = [...configs].flatMap(([port, entries]) =>
    port === 80 ? entries : entries.map((host) => ({ ...host, domains: host.domains.filter(endsWith(`:${port}`)) })),
  );
  return sortHosts(hosts);
}

export function routeConfigDocument(hosts: readonly VirtualHost[]): RouteConfigDocument {
  return {
    virtual_hosts: hosts.map(({ name, domains, routes }): VirtualHostDocument => {
      return { name, domains, routes: routes.map(({ document }) => document) };
    }),
  };
}

export function routesOf(configs: RouteConfigs): readonly V1Route[] {
  return [...configs.values()].flat().flatMap(({ routes }) => routes);
}

const endsWith =
  (end: string) =>
  (text: string): boolean =>
    text.endsWith(end);

function sortHosts(hosts: readonly VirtualHost[]): readonly VirtualHost[] {
  return hosts.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}
