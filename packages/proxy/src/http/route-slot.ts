// Holds the route table of a connection manager: given inline, or watched by name and replaced as a whole.
import { readFileSync } from 'node:fs';
import type { ConfigSource } from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import type { RouteConfiguration } from '@meltemi/api/envoy/config/route/v3/route_pb';
import { compileRouteTable, type DataReader, type RouteTable } from '@meltemi/decide';
import type { Rejection } from '../xds/xds-client.ts';
import { checkHeaderFormats } from './check-header-formats.ts';
import type { HttpFilters } from './http-filters.ts';
import { routeClusters } from './route-clusters.ts';

/** A request ends with the table it began with: it reads `table` once. */
export interface RouteSlot {
  /** Undefined: none came yet; every request is answered with 404. */
  readonly table: RouteTable | undefined;
  close(): void;
}

/**
 * Subscribes to a RouteConfiguration; `onRoutes` answers why it refuses one, or undefined. Counted under the `statPrefix` of
 * the connection manager that asks.
 */
export type WatchRoutes = (
  source: ConfigSource | undefined,
  name: string,
  onRoutes: (routes: RouteConfiguration) => Rejection | undefined,
  statPrefix?: string,
) => { close(): void };

/** Resolves when the clusters that still warm up can serve; undefined when none of them warms. */
export type AwaitClusters = (names: ReadonlySet<string>) => Promise<void> | undefined;

/** Throws DecideError when the configuration can't be honoured. */
export function inlineRoutes(config: RouteConfiguration, filters: HttpFilters): RouteSlot {
  return { table: compileTable(config, filters), close: () => {} };
}

export interface RouteSource {
  readonly source: ConfigSource | undefined;
  readonly name: string;
  readonly watch: WatchRoutes;
  readonly awaitClusters: AwaitClusters;
}

/** `onReady` is called at the first table. What can't be honoured is refused, the last good table stays. */
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

  constructor(from: RouteSource, filters: HttpFilters, onReady: () => void) {
    this.#from = from;
    this.#filters = filters;
    this.#onReady = onReady;
    this.#watch = from.watch(from.source, from.name, (routes) => this.#accept(routes));
  }

  close(): void {
    this.#latest = undefined;
    this.#watch.close();
  }

  #accept(routes: RouteConfiguration): Rejection | undefined {
    try {
      const table = compileTable(routes, this.#filters);
      this.#latest = table;
      const warm = this.#from.awaitClusters(routeClusters(routes));
      if (warm) void warm.then(() => this.#serve(table));
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

function compileTable(routes: RouteConfiguration, filters: HttpFilters): RouteTable {
  checkHeaderFormats(routes);
  return compileRouteTable(routes, {
    data: LOCAL_DATA,
    fault: filters.fault,
    httpFilters: filters.names,
    routeConfigs: filters.routeConfigs,
  });
}
