// Turns the HTTP filters of a connection manager into the chain that its requests run through, in the order that is configured.
import { fromBinary } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { CorsSchema } from '@meltemi/api/envoy/extensions/filters/http/cors/v3/cors_pb';
import { type HTTPFault, HTTPFaultSchema } from '@meltemi/api/envoy/extensions/filters/http/fault/v3/fault_pb';
import { RouterSchema } from '@meltemi/api/envoy/extensions/filters/http/router/v3/router_pb';
import type { HttpFilter as HttpFilterConfig } from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { ReadRouteConfig } from '@meltemi/decide';
import type { ExtensionConfigSource } from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import { plainAny, typeOf } from '../bootstrap/typed-struct.ts';
import { xdsRegistry } from '../xds/registry.ts';
import { DiscoveredFilter } from './filter/discovered-filter.ts';
import type { HttpFilterParts, HttpFilterType } from './filter/filter-type.ts';
import { httpFilterType, httpFilterTypes } from './filter/filter-types.ts';
import type { HttpFilter } from './filter/http-filter.ts';
import { FilterConfigError } from './http-config-error.ts';

export interface HttpFilters {
  /** Without the router, which ends the chain. */
  readonly chain: readonly ChainedFilter[];
  /** What the fault filter says where routes don't. */
  readonly fault: HTTPFault | undefined;
  /** What the chain calls the two filters that decisions know; undefined: it has none. */
  readonly faultName: string | undefined;
  readonly corsName: string | undefined;
  /** The names under which routes configure the filters. */
  readonly names: ReadonlySet<string>;
  /** What reads a route's words to a filter, by its name. */
  readonly routeConfigs: ReadonlyMap<string, ReadRouteConfig>;
  readonly suppressEnvoyHeaders: boolean;
}

export interface ChainedFilter {
  readonly filter: HttpFilter;
  /** Runs only where a route configures it. */
  readonly disabled: boolean;
}

/** How a filter of the chain gets its configuration. */
interface KnownFilter {
  readonly config: HttpFilterConfig;
  readonly type: HttpFilterType | 'router' | 'discovered';
  /** Undefined: it is discovered. */
  readonly typed: Any | undefined;
}

/** Throws FilterConfigError naming a required filter that is unknown, or what the filter itself says of its config. */
export function compileHttpFilters(filters: readonly HttpFilterConfig[], parts: HttpFilterParts): HttpFilters {
  const known = filters.flatMap((config) => knownFilter(config) ?? []);
  const last = known.at(-1);
  if (last?.type !== 'router') throw new FilterConfigError('BAD_FILTER', 'the last HTTP filter is no router');
  const before = known.slice(0, -1);
  const named = (typeName: string) => before.find(({ typed }) => typeOf(typed) === typeName);
  const fault = named(HTTPFaultSchema.typeName);
  return {
    chain: compileChain(before, parts),
    fault: fault && fromBinary(HTTPFaultSchema, fault.typed!.value),
    faultName: fault?.config.name,
    corsName: named(CorsSchema.typeName)?.config.name,
    names: new Set(known.map(({ config }) => config.name)),
    routeConfigs: new Map(before.map(({ config, type }) => [config.name, readerOf(type)])),
    suppressEnvoyHeaders: fromBinary(RouterSchema, last.typed!.value).suppressEnvoyHeaders,
  };
}

/** None waits for its configuration, or for what that needs. */
export function filtersReady({ chain }: Pick<HttpFilters, 'chain'>): boolean {
  return chain.every(({ filter }) => filter.ready ?? true);
}

export function closeHttpFilters({ chain }: Pick<HttpFilters, 'chain'>): void {
  for (const { filter } of chain) filter.close?.();
}

function compileChain(known: readonly KnownFilter[], parts: HttpFilterParts): readonly ChainedFilter[] {
  const chain: ChainedFilter[] = [];
  try {
    for (const each of known) chain.push({ filter: compileFilter(each, parts), disabled: each.config.disabled });
    return chain;
  } catch (error) {
    closeHttpFilters({ chain });
    throw error;
  }
}

function compileFilter({ config, type, typed }: KnownFilter, parts: HttpFilterParts): HttpFilter {
  const { name, configType } = config;
  if (type === 'router') throw new FilterConfigError('BAD_FILTER', `HTTP filter ${name}: a router is the last`);
  if (type !== 'discovered') return type.compile(name, typed!.value, parts);
  return new DiscoveredFilter({
    name,
    discovery: configType.value as ExtensionConfigSource,
    watch: parts.watchExtension,
    compile: (given) => compileTyped(name, given, parts),
    onReady: parts.onReady,
  });
}

function compileTyped(name: string, given: Any, parts: HttpFilterParts): HttpFilter {
  const type = httpFilterType(typeOf(given));
  if (!type) throw unknownFilter(name, typeOf(given));
  return type.compile(name, plainAny(given, xdsRegistry).value, parts);
}

/** Undefined: optional, and unknown here. */
function knownFilter(config: HttpFilterConfig): KnownFilter | undefined {
  const { configType } = config;
  if (configType.case === 'configDiscovery') return { config, type: 'discovered', typed: undefined };
  const typed = configType.value;
  const typeName = typeOf(typed);
  const type = typeName === RouterSchema.typeName ? 'router' : httpFilterType(typeName);
  if (typed && type) return { config, type, typed: plainAny(typed, xdsRegistry) };
  if (config.isOptional) return undefined;
  throw unknownFilter(config.name, typeName || 'no config');
}

function readerOf(type: KnownFilter['type']): ReadRouteConfig {
  if (type === 'discovered') return readDiscovered;
  const reader = type === 'router' ? undefined : type.readRouteConfig;
  return reader ? (config, place) => reader(plainAny(config, xdsRegistry), place) : refuseRouteConfig;
}

/** Which filter it will be is not known yet: the kind that takes such a message reads it. */
function readDiscovered(config: Any, place: number): unknown {
  const plain = plainAny(config, xdsRegistry);
  for (const { readRouteConfig } of httpFilterTypes) {
    try {
      const read = readRouteConfig?.(plain, place);
      if (read !== undefined) return read;
    } catch {
      // Another kind may know it.
    }
  }
  return refuseRouteConfig(config);
}

function refuseRouteConfig(config: Any): never {
  throw new FilterConfigError('UNSUPPORTED_FIELD', `it takes no ${config.typeUrl}`);
}

function unknownFilter(name: string, shown: string): FilterConfigError {
  return new FilterConfigError('UNKNOWN_FILTER', `HTTP filter ${name}: unknown type ${shown}`);
}
