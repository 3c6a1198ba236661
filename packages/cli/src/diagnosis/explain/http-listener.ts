// A listener as the proxy's JSON shows it → what decides about its requests: routes, filters, path options.
import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { registryOf } from '@meltemi/api';
import { type RouteConfiguration, RouteConfigurationSchema } from '@meltemi/api/envoy/config/route/v3/route_pb';
import { file_envoy_extensions_filters_http_cors_v3_cors } from '@meltemi/api/envoy/extensions/filters/http/cors/v3/cors_pb';
import {
  file_envoy_extensions_filters_http_fault_v3_fault,
  HTTPFaultSchema,
} from '@meltemi/api/envoy/extensions/filters/http/fault/v3/fault_pb';
import { file_envoy_extensions_retry_host_previous_hosts_v3_previous_hosts } from '@meltemi/api/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb';
import { compileRouteTable, DecideError, type PathOptions, type RouteTable } from '@meltemi/decide';
import { CommandError } from '../../terminal.ts';
import type { ConfigDump } from '../config-dump.ts';
import { chainsOf, httpManagerOf, tcpClustersText, tcpProxyOf } from '../proxy-config/listener-table.ts';
import type { HttpManagerJson, ListenerJson, TypedConfigJson } from '../proxy-json.ts';

export type ListenerTraffic =
  | { readonly kind: 'http'; readonly manager: HttpManagerJson }
  /** Bytes go to a cluster, or split by weight. */
  | { readonly kind: 'tcp'; readonly cluster: string; readonly shares: string }
  | { readonly kind: 'unknown' };

export interface HttpListener {
  readonly routes: string;
  readonly table: RouteTable;
  readonly path: PathOptions;
  readonly stripPort: 'none' | 'matching' | 'any';
  /** HTTP filters that may answer a request before it is routed, and are not explained. */
  readonly otherFilters: readonly string[];
}

/** The first chain that speaks HTTP, else the first that passes bytes on. */
export function trafficOf(listener: ListenerJson): ListenerTraffic {
  const chains = chainsOf(listener);
  const manager = chains.map(httpManagerOf).find((found) => found !== undefined);
  if (manager) return { kind: 'http', manager };
  const tcp = chains.map(tcpProxyOf).find((found) => found !== undefined);
  if (!tcp) return { kind: 'unknown' };
  const cluster = tcp.cluster ?? tcp.weighted_clusters?.clusters?.[0]?.name ?? '';
  return { kind: 'tcp', cluster, shares: tcpClustersText(tcp) };
}

/** Throws CommandError when the routes are absent or can't be honoured. */
export function httpListener(manager: HttpManagerJson, dump: ConfigDump): HttpListener {
  const filters = (manager.http_filters ?? []).filter(({ disabled }) => !disabled);
  const { name, json } = routesOf(manager, dump);
  return {
    routes: name,
    table: compile(readRoutes(json, name), filters, name),
    path: pathOptions(manager),
    stripPort: manager.strip_any_host_port ? 'any' : manager.strip_matching_host_port ? 'matching' : 'none',
    otherFilters: filters.filter((filter) => !KNOWN.test(typeOf(filter))).map((filter) => filter.name ?? ''),
  };
}

const KNOWN = /\.(Cors|HTTPFault|Router)$/;

function routesOf(
  { rds, route_config: inline }: HttpManagerJson,
  dump: ConfigDump,
): { readonly name: string; readonly json: JsonValue } {
  if (inline) return { name: inline.name, json: inline as unknown as JsonValue };
  const name = rds?.route_config_name ?? '';
  const json = dump.routes.find((routes) => routes.name === name);
  if (!json) throw new CommandError(`the proxy has no routes "${name}" yet: every request is answered with 404`);
  return { name, json: json as unknown as JsonValue };
}

const registry = registryOf(
  file_envoy_extensions_filters_http_cors_v3_cors,
  file_envoy_extensions_filters_http_fault_v3_fault,
  file_envoy_extensions_retry_host_previous_hosts_v3_previous_hosts,
);

function readRoutes(json: JsonValue, name: string): RouteConfiguration {
  const known = withoutUnknown(json);
  if (typeof known === 'object' && known !== null && !Array.isArray(known)) delete known['@type'];
  try {
    return fromJson(RouteConfigurationSchema, known, { registry, ignoreUnknownFields: true });
  } catch (error) {
    throw new CommandError(`routes "${name}": ${(error as Error).message}`, undefined, { cause: error });
  }
}

/** The configuration of filters that the kernel doesn't run says nothing about its decision. */
function withoutUnknown(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutUnknown);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([, member]) => !isUnknownAny(member));
  return Object.fromEntries(kept.map(([key, member]) => [key, withoutUnknown(member)]));
}

function isUnknownAny(value: JsonValue): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const type = value['@type'];
  return typeof type === 'string' && !registry.getMessage(type.slice(type.lastIndexOf('/') + 1));
}

function compile(routes: RouteConfiguration, filters: readonly TypedConfigJson[], name: string): RouteTable {
  const fault = filters.find((filter) => typeOf(filter).endsWith('.HTTPFault'));
  try {
    return compileRouteTable(routes, {
      httpFilters: new Set(filters.filter((filter) => KNOWN.test(typeOf(filter))).map((filter) => filter.name ?? '')),
      fault: fault && faultOf(fault),
    });
  } catch (error) {
    if (!(error instanceof DecideError)) throw error;
    throw new CommandError(`routes "${name}" can't be honoured: ${error.message}`, undefined, { cause: error });
  }
}

function faultOf({ typed_config: config }: TypedConfigJson) {
  const { '@type': _type, ...json } = config!;
  return fromJson(HTTPFaultSchema, json, { registry, ignoreUnknownFields: true });
}

const typeOf = ({ typed_config: config }: TypedConfigJson): string => config?.['@type'] ?? '';

const ESCAPED_SLASHES: Readonly<Record<string, PathOptions['escapedSlashes']>> = {
  REJECT_REQUEST: 'reject',
  UNESCAPE_AND_REDIRECT: 'unescape-and-redirect',
  UNESCAPE_AND_FORWARD: 'unescape-and-forward',
};

function pathOptions(manager: HttpManagerJson): PathOptions {
  return {
    normalizePath: manager.normalize_path ?? false,
    mergeSlashes: manager.merge_slashes ?? false,
    escapedSlashes: ESCAPED_SLASHES[manager.path_with_escaped_slashes_action ?? ''] ?? 'keep',
  };
}
