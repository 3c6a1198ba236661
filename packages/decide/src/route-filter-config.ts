// Reads what the levels of a route say to the filters that decisions don't know themselves, each by its own reader.
import { unpackAny } from '@meltemi/api';
import { FilterConfigSchema } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import type { Any } from '@bufbuild/protobuf/wkt';
import { DecideError } from './decide-error.ts';

/** `typed_per_filter_config` of a weighted cluster, route, virtual host or route configuration. */
export type FilterConfigs = Readonly<Record<string, Any>>;

export const FAULT_FILTER = 'envoy.filters.http.fault';
export const CORS_FILTER = 'envoy.filters.http.cors';

/** What one level says to a filter. */
export interface RouteFilterConfig {
  /** The filter is skipped. */
  readonly disabled: boolean;
  /** What the filter's own reader made of it; undefined where the level only switches the filter on or off. */
  readonly config: unknown;
}

/** What the levels of a route say to the filters, by filter name; the most specific level first. */
export type RouteFilterConfigs = ReadonlyMap<string, readonly RouteFilterConfig[]>;

/**
 * Turns a filter's per-route message into what the filter works with. Throws for what can't be honoured. `place` tells the
 * messages of one route table apart, and is the same wherever the table is compiled.
 */
export type ReadRouteConfig = (config: Any, place: number) => unknown;

export const NO_FILTER_CONFIGS: RouteFilterConfigs = new Map();

/** The listener's filters, and how they read what routes say to them. */
export interface RouteConfigReaders {
  /** Per-route configuration of filters that the listener lacks has no effect. Undefined: it has all. */
  readonly names: ReadonlySet<string> | undefined;
  /** By the filter's name. */
  readonly readers: ReadonlyMap<string, ReadRouteConfig>;
  /** What was read already: one level serves many routes. */
  readonly read: Map<Any, RouteFilterConfig>;
}

/** For the filters that decisions don't know themselves. `levels`: the most specific first. Throws DecideError. */
export function filterConfigsOf(levels: readonly FilterConfigs[], filters: RouteConfigReaders): RouteFilterConfigs {
  const found = new Map<string, RouteFilterConfig[]>();
  for (const level of levels) {
    for (const [name, any] of Object.entries(level)) {
      const reader = filters.readers.get(name);
      if (!reader) {
        if (name === FAULT_FILTER || name === CORS_FILTER || !hasFilter(filters, name)) continue;
        throw new DecideError('UNSUPPORTED', `typed_per_filter_config of ${name}`);
      }
      const known = found.get(name);
      const config = readOnce(any, name, reader, filters.read);
      if (known) known.push(config);
      else found.set(name, [config]);
    }
  }
  return found.size === 0 ? NO_FILTER_CONFIGS : found;
}

export function hasFilter({ names }: Pick<RouteConfigReaders, 'names'>, name: string): boolean {
  return names?.has(name) ?? true;
}

function readOnce(
  any: Any,
  name: string,
  reader: ReadRouteConfig,
  read: Map<Any, RouteFilterConfig>,
): RouteFilterConfig {
  const known = read.get(any);
  if (known) return known;
  const { disabled, config } = unwrapFilterConfig(any);
  const entry = { disabled, config: config && readBy(reader, config, name, read.size) };
  read.set(any, entry);
  return entry;
}

function readBy(reader: ReadRouteConfig, config: Any, name: string, place: number): unknown {
  try {
    return reader(config, place);
  } catch (failure) {
    const reason = failure instanceof Error ? failure.message : String(failure);
    throw new DecideError('BAD_FILTER', `typed_per_filter_config of ${name}: ${reason}`, '', { cause: failure });
  }
}

/** https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto#config-route-v3-filterconfig */
export function unwrapFilterConfig(any: Any): { readonly disabled: boolean; readonly config: Any | undefined } {
  const wrapper = unpackAny(any, FilterConfigSchema);
  return wrapper ? { disabled: wrapper.disabled, config: wrapper.config } : { disabled: false, config: any };
}
