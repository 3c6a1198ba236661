// Turns the listener filters of a listener into the ones that run, in their order; unknown ones are refused by name.
import { fromBinary } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import type { ListenerFilter as FilterConfig } from '@meltemi/api/envoy/config/listener/v3/listener_components_pb';
import { LocalRateLimitSchema } from '@meltemi/api/envoy/extensions/filters/listener/local_ratelimit/v3/local_ratelimit_pb';
import { HttpInspectorSchema } from '@meltemi/api/envoy/extensions/filters/listener/http_inspector/v3/http_inspector_pb';
import { OriginalDstSchema } from '@meltemi/api/envoy/extensions/filters/listener/original_dst/v3/original_dst_pb';
import { ProxyProtocolSchema } from '@meltemi/api/envoy/extensions/filters/listener/proxy_protocol/v3/proxy_protocol_pb';
import { TlsInspectorSchema } from '@meltemi/api/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb';
import type { Counter } from '@meltemi/telemetry';
import { ListenerConfigError } from '../listener-config-error.ts';
import type { ListenerParts } from '../listener-parts.ts';
import { typeNameIn, typeNameOf } from '../type-name.ts';
import { compilePredicate, type PortPredicate } from './filter-predicate.ts';
import { DiscoveredListenerFilter } from './discovered-listener-filter.ts';
import { httpInspector } from './http-inspector.ts';
import type { ListenerFilter } from './listener-filter.ts';
import { connectionRateLimit } from './connection-rate-limit.ts';
import { originalDst } from './original-dst.ts';
import { proxyProtocol } from './proxy-protocol.ts';
import { tlsInspector } from './tls-inspector.ts';

export interface PlacedFilter {
  readonly filter: ListenerFilter;
  /** True for a destination port: the filter is left out. */
  readonly disabled: PortPredicate | undefined;
}

/** What a listener wants even where no filter of its own says so. */
export interface ImpliedFilters {
  readonly originalDst: boolean;
  readonly tlsInspector: boolean;
}

/** `onReady`: a configuration that was missing came. */
export type ListenerFilterParts = ListenerParts & { readonly onReady: () => void; readonly configMissing: Counter };

type Make = (config: Uint8Array, parts: ListenerParts) => ListenerFilter;

const KINDS: Readonly<Record<string, Make>> = {
  [OriginalDstSchema.typeName]: () => originalDst(),
  [TlsInspectorSchema.typeName]: (_config, { stats }) => tlsInspector(stats),
  [HttpInspectorSchema.typeName]: (_config, { stats }) => httpInspector(stats),
  [ProxyProtocolSchema.typeName]: (config, { stats }) => proxyProtocol(fromBinary(ProxyProtocolSchema, config), stats),
  [LocalRateLimitSchema.typeName]: (config, parts) =>
    connectionRateLimit(fromBinary(LocalRateLimitSchema, config), parts),
};

/** Throws a typed error; what was made until then is closed. */
export function compileListenerFilters(
  configs: readonly FilterConfig[],
  implied: ImpliedFilters,
  parts: ListenerFilterParts,
): readonly PlacedFilter[] {
  const made: PlacedFilter[] = [];
  const types = new Set(configs.flatMap(typesOf));
  try {
    if (implied.originalDst && !types.has(OriginalDstSchema.typeName)) made.push(always(originalDst()));
    for (const config of configs) made.push(place(config, parts));
    if (implied.tlsInspector && !types.has(TlsInspectorSchema.typeName)) made.push(always(tlsInspector(parts.stats)));
    return made;
  } catch (error) {
    for (const { filter } of made) filter.close();
    throw error;
  }
}

function always(filter: ListenerFilter): PlacedFilter {
  return { filter, disabled: undefined };
}

function place(config: FilterConfig, parts: ListenerFilterParts): PlacedFilter {
  const disabled = config.filterDisabled && compilePredicate(config.filterDisabled);
  return { filter: filterOf(config, parts), disabled };
}

function filterOf({ name, configType }: FilterConfig, parts: ListenerFilterParts): ListenerFilter {
  if (configType.case !== 'configDiscovery') return typedFilter(name, configType.value, parts);
  return new DiscoveredListenerFilter({
    name,
    discovery: configType.value,
    watch: parts.watchExtension,
    compile: (given) => typedFilter(name, given, parts),
    onReady: parts.onReady,
    missing: parts.configMissing,
  });
}

function typedFilter(name: string, config: Any | undefined, parts: ListenerParts): ListenerFilter {
  const type = typeNameOf(config);
  const make = Object.hasOwn(KINDS, type) ? KINDS[type] : undefined;
  if (make && config) return make(config.value, parts);
  throw new ListenerConfigError('UNKNOWN_FILTER', `listener filter ${name}: unknown type ${type || 'no config'}`);
}

/** That it has, or may have when it is discovered. */
function typesOf({ configType }: FilterConfig): readonly string[] {
  if (configType.case === 'typedConfig') return [typeNameOf(configType.value)];
  return configType.case === 'configDiscovery' ? configType.value.typeUrls.map(typeNameIn) : [];
}
