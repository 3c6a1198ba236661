// Turns the HTTP filters of a connection manager into the chain that its requests run through, in the order that is configured.
import { fromBinary } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { type HTTPFault, HTTPFaultSchema } from '@meltemi/api/envoy/extensions/filters/http/fault/v3/fault_pb';
import { RouterSchema } from '@meltemi/api/envoy/extensions/filters/http/router/v3/router_pb';
import type { HttpFilter as HttpFilterConfig } from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { ReadRouteConfig } from '@meltemi/decide';
import type { HttpFilterParts, HttpFilterType } from './filter/filter-type.ts';
import { httpFilterType } from './filter/filter-types.ts';
import type { HttpFilter } from './filter/http-filter.ts';
import { FilterConfigError } from './http-config-error.ts';

export interface HttpFilters {
  /** Without the router, which ends the chain. */
  readonly chain: readonly ChainedFilter[];
  /** What the fault filter says where routes don't. */
  readonly fault: HTTPFault | undefined;
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

interface KnownFilter {
  readonly config: HttpFilterConfig;
  readonly typed: Any;
  readonly type: HttpFilterType | 'router';
}

/** Throws FilterConfigError naming a required filter that is unknown, or what the filter itself says of its config. */
export function compileHttpFilters(filters: readonly HttpFilterConfig[], parts: HttpFilterParts): HttpFilters {
  const known = filters.flatMap((config) => knownFilter(config) ?? []);
  const last = known.at(-1);
  if (last?.type !== 'router') throw new FilterConfigError('BAD_FILTER', 'the last HTTP filter is no router');
  const before = known.slice(0, -1);
  const fault = before.find(({ typed }) => typeNameOf(typed) === HTTPFaultSchema.typeName);
  return {
    chain: compileChain(before, parts),
    fault: fault && fromBinary(HTTPFaultSchema, fault.typed.value),
    names: new Set(known.map(({ config }) => config.name)),
    routeConfigs: new Map(before.map(({ config, type }) => [config.name, readerOf(type)])),
    suppressEnvoyHeaders: fromBinary(RouterSchema, last.typed.value).suppressEnvoyHeaders,
  };
}

export function closeHttpFilters({ chain }: Pick<HttpFilters, 'chain'>): void {
  for (const { filter } of chain) filter.close?.();
}

function compileChain(known: readonly KnownFilter[], parts: HttpFilterParts): readonly ChainedFilter[] {
  const chain: ChainedFilter[] = [];
  try {
    for (const { config, typed, type } of known) {
      if (type === 'router')
        throw new FilterConfigError('BAD_FILTER', `HTTP filter ${config.name}: a router is the last`);
      chain.push({ filter: type.compile(config.name, typed.value, parts), disabled: config.disabled });
    }
    return chain;
  } catch (error) {
    closeHttpFilters({ chain });
    throw error;
  }
}

/** Undefined: optional, and unknown here. */
function knownFilter(config: HttpFilterConfig): KnownFilter | undefined {
  const { configType } = config;
  const typed = configType.case === 'typedConfig' ? configType.value : undefined;
  const typeName = typed ? typeNameOf(typed) : '';
  const type = typeName === RouterSchema.typeName ? 'router' : httpFilterType(typeName);
  if (typed && type) return { config, typed, type };
  if (config.isOptional) return undefined;
  const shown = typeName || (configType.case ?? 'no config');
  throw new FilterConfigError('UNKNOWN_FILTER', `HTTP filter ${config.name}: unknown type ${shown}`);
}

function readerOf(type: KnownFilter['type']): ReadRouteConfig {
  const reader = type === 'router' ? undefined : type.readRouteConfig;
  return (
    reader ??
    ((config) => {
      throw new FilterConfigError('UNSUPPORTED_FIELD', `it takes no ${config.typeUrl}`);
    })
  );
}

function typeNameOf({ typeUrl }: Any): string {
  return typeUrl.slice(typeUrl.lastIndexOf('/') + 1);
}
