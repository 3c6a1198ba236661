// Holds the route table of a connection manager: given inline, or watched by name and replaced as a whole.
import { readFileSync } from 'node:fs';
import { equals } from '@bufbuild/protobuf';
import type { ConfigSource } from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import { type RouteConfiguration, VhdsSchema } from '@meltemi/api/envoy/config/route/v3/route_pb';
import { compileRouteTable, type DataReader, type RouteTable } from '@meltemi/decide';
import type { Clusters } from '../cluster/cluster.ts';
import type { Rejection } from '../xds/xds-client.ts';
import { DiscoveredHosts, type WatchHosts } from './discovered-hosts.ts';
import { checkHeaderFormats } from './check-header-formats.ts';
import { FilterConfigError } from './http-config-error.ts';
import type { HttpFilters } from './http-filters.ts';
import { routeClusters } from './route-clusters.ts';

/** A request ends with the table it began with: it reads `table` once. */
export interface RouteSlot {
  /** Undefined: none came yet; every request is answered with 404. */
  readonly table: RouteTable | undefined;
  /** Nothing is waited for: a table is here, or it is settled that none comes for now. */
  readonly ready: boolean;
  /** Calls `done` when it is known who serves the host, unless cancelled. Undefined or absent: nothing is to come. */
  askHost?(authority: string, done: () => void): { cancel(): void } | undefined;
  close(): void;
}

/**
 * Subscribes to a RouteConfiguration; `onRoutes` answers why it refuses one, or undefined. `onMissing` is called when the
 * source has none, or did not answer in time. Counted under the `statPrefix` of the connection manager that asks.
 */
export type WatchRoutes = (
  source: ConfigSource | undefined,
  name: string,
  onRoutes: (routes: RouteConfiguration, watchHosts?: WatchHosts) => Rejection | undefined,
  onMissing: () => void,
  statPrefix?: string,
) => { close(): void };

/** Resolves when the clusters that still warm up can serve; undefined when none of them warms. */
export type AwaitClusters = (names: ReadonlySet<string>) => Promise<void> | undefined;

/** Knows which clusters there are. */
export type KnownClusters = Pick<Clusters, 'has'>;

/** Throws DecideError or FilterConfigError when the configuration can't be honoured. */
export function inlineRoutes(config: RouteConfiguration, filters: HttpFilters, clusters: KnownClusters): RouteSlot {
  if (config.validateClusters ?? true) requireClusters(config, clusters);
  return { table: compileTable(config, filters), ready: true, close: () => {} };
}

export interface RouteSource {
  readonly source: ConfigSource | undefined;
  readonly name: string;
  readonly watch: WatchRoutes;
  readonly awaitClusters: AwaitClusters;
  readonly clusters: KnownClusters;
}

/** `onReady` is called at the first table, and when none comes for now. What can't be honoured is refused, the last good table stays. */
export function watchedRoutes(from: RouteSource, filters: HttpFilters, onReady: () => void): RouteSlot {
  return new WatchedRoutes(from, filters, onReady);
}

/** Files are read when a configuration is applied; the environment is not configuration's to read. */
const LOCAL_DATA: DataReader = {
  file: (path) => {
    try {
      return readFileSync(path);
    } catch {
      return undefined;
    }
  },
  environment: () => undefined,
};

class WatchedRoutes implements RouteSlot {
  readonly #from: RouteSource;
  readonly #filters: HttpFilters;
  readonly #onReady: () => void;
  readonly #watch: { close(): void };
  /** Accepted last; it serves as soon as its clusters do. */
  #latest: RouteTable | undefined;
  table: RouteTable | undefined;
  #missing = false;
  #hosts: DiscoveredHosts | undefined;
  /** What the virtual hosts come to. */
  #routes: RouteConfiguration | undefined;

  constructor(from: RouteSource, filters: HttpFilters, onReady: () => void) {
    this.#from = from;
    this.#filters = filters;
    this.#onReady = onReady;
    const onRoutes = (routes: RouteConfiguration, watchHosts?: WatchHosts) => this.#accept(routes, watchHosts);
    this.#watch = from.watch(from.source, from.name, onRoutes, () => this.#goWithout());
  }

  get ready(): boolean {
    return this.table !== undefined || this.#missing;
  }

  askHost(authority: string, done: () => void): { cancel(): void } | undefined {
    return this.#hosts?.ask(authority, done);
  }

  close(): void {
    this.#latest = undefined;
    this.#hosts?.close();
    this.#watch.close();
  }

  #accept(routes: RouteConfiguration, watchHosts: WatchHosts | undefined): Rejection | undefined {
    const before = this.#routes;
    this.#routes = routes;
    const refusal = this.#follow(routes, before, watchHosts) ?? this.#compile();
    if (refusal) this.#routes = before;
    if (refusal) this.#goWithout();
    return refusal;
  }

  /** As Envoy: a listener does not wait for routes that are not there, or that can't be honoured. */
  #goWithout(): void {
    if (this.#routes || this.ready) return;
    this.#missing = true;
    this.#onReady();
  }

  /** Its virtual hosts come from elsewhere: the same place as before goes on, another one begins anew. */
  #follow(
    { name, vhds }: RouteConfiguration,
    before: RouteConfiguration | undefined,
    watchHosts: WatchHosts | undefined,
  ): Rejection | undefined {
    if (vhds && watchHosts && this.#hosts && before?.vhds && equals(VhdsSchema, vhds, before.vhds)) return undefined;
    const hosts = vhds && watchHosts && new DiscoveredHosts(vhds.configSource, name, watchHosts, () => this.#compile());
    const old = this.#hosts;
    this.#hosts = hosts;
    try {
      hosts?.start();
    } catch (error) {
      this.#hosts = old;
      return { name, message: (error as Error).message };
    }
    old?.close();
    return undefined;
  }

  #compile(): Rejection | undefined {
    const hosts = this.#hosts?.hosts;
    // Until the server said which virtual hosts there are, those of before serve.
    if (!this.#routes || (this.#hosts && !hosts)) return undefined;
    const { vhds: _, ...own } = this.#routes;
    return this.#apply(hosts ? { ...own, virtualHosts: [...own.virtualHosts, ...hosts] } : this.#routes);
  }

  #apply(routes: RouteConfiguration): Rejection | undefined {
    try {
      if (routes.validateClusters) requireClusters(routes, this.#from.clusters);
      const table = compileTable(routes, this.#filters);
      this.#latest = table;
      const warm = this.#from.awaitClusters(routeClusters(routes));
      // A request may wait for the virtual host that came: it finds its cluster, or doesn't.
      if (warm && !this.#hosts) void warm.then(() => this.#serve(table));
      else this.#serve(table);
      return undefined;
    } catch (error) {
      return { name: this.#from.name, message: error instanceof Error ? error.message : 'not a route configuration' };
    }
  }

  #serve(table: RouteTable): void {
    if (this.#latest !== table) return;
    const first = this.table === undefined;
    this.table = table;
    if (first) this.#onReady();
  }
}

/** Throws FilterConfigError naming a cluster that is not there. */
function requireClusters(routes: RouteConfiguration, clusters: KnownClusters): void {
  const missing = [...routeClusters(routes)].find((name) => name !== '' && !clusters.has(name));
  if (missing === undefined) return;
  throw new FilterConfigError('UNKNOWN_CLUSTER', `route configuration ${routes.name}: unknown cluster ${missing}`);
}

function compileTable(routes: RouteConfiguration, filters: HttpFilters): RouteTable {
  checkHeaderFormats(routes);
  return compileRouteTable(routes, {
    data: LOCAL_DATA,
    fault: filters.fault,
    faultFilter: filters.faultName,
    corsFilter: filters.corsName,
    httpFilters: filters.names,
    routeConfigs: filters.routeConfigs,
  });
}
