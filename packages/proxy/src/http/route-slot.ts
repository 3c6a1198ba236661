// Holds the route table of a connection manager: given inline, or watched by name and replaced as a whole.
import type { RouteConfiguration } from '@meltemi/api/envoy/config/route/v3/route_pb';
import type { ConfigSource } from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import { compileRouteTable, type RouteTable } from '@meltemi/decide';
import type { HttpFilters } from './http-filters.ts';
import type { Rejection } from '../xds/xds-client.ts';

/** A request ends with the table it began with: it reads `table` once. */
export interface RouteSlot {
  /** Undefined: none came yet; every request is answered with 404. */
  readonly table: RouteTable | undefined;
  close(): void;
}

/** Subscribes to a RouteConfiguration; `onRoutes` answers why it refuses one, or undefined. */
export type WatchRoutes = (
  source: ConfigSource | undefined,
  name: string,
  onRoutes: (routes: RouteConfiguration) => Rejection | undefined,
) => { close(): void };

/** Throws DecideError when the configuration can't be honoured. */
export function inlineRoutes(config: RouteConfiguration, filters: HttpFilters): RouteSlot {
  return { table: compileRouteTable(config, compileOptions(filters)), close: () => {} };
}

/** `onReady` is called at the first table. What can't be honoured is refused, the last good table stays. */
export function watchedRoutes(
  source: ConfigSource | undefined,
  name: string,
  filters: HttpFilters,
  watch: WatchRoutes,
  onReady: () => void,
): RouteSlot {
  const slot: { table: RouteTable | undefined; close(): void } = { table: undefined, close: () => {} };
  const watched = watch(source, name, (routes) => {
    try {
      const first = slot.table === undefined;
      slot.table = compileRouteTable(routes, compileOptions(filters));
      if (first) onReady();
      return undefined;
    } catch (error) {
      return { name, message: error instanceof Error ? error.message : 'not a route configuration' };
    }
  });
  slot.close = () => watched.close();
  return slot;
}

function compileOptions(filters: HttpFilters) {
  return { fault: filters.fault, httpFilters: filters.names };
}
