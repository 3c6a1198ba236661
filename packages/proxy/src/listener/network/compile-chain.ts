// Turns the network filters of a filter chain into a running chain; unknown ones are refused by name.
import type { Any } from '@bufbuild/protobuf/wkt';
import { fromBinary } from '@bufbuild/protobuf';
import type { Filter } from '@meltemi/api/envoy/config/listener/v3/listener_components_pb';
import { ConfigSchema as DirectResponseSchema } from '@meltemi/api/envoy/extensions/filters/network/direct_response/v3/config_pb';
import { EchoSchema } from '@meltemi/api/envoy/extensions/filters/network/echo/v3/echo_pb';
import { HttpConnectionManagerSchema } from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { RedisProxySchema } from '@meltemi/api/envoy/extensions/filters/network/redis_proxy/v3/redis_proxy_pb';
import { TcpProxySchema } from '@meltemi/api/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb';
import { plainAny } from '../../bootstrap/typed-struct.ts';
import { xdsRegistry } from '../../xds/registry.ts';
import { ListenerConfigError } from '../listener-config-error.ts';
import type { ListenerParts } from '../listener-parts.ts';
import { typeNameOf } from '../type-name.ts';
import { answerFilter, echo, fixedAnswer } from './answer-filter.ts';
import type { ConnectionFilter } from './connection-filter.ts';
import { CONNECTION_FILTERS } from './filter-types.ts';
import { DiscoveredNetworkFilter } from './discovered-network-filter.ts';
import type { FilterPlace } from './filter-place.ts';
import { httpFilter } from './http-terminal.ts';
import { NetworkChain } from './network-chain.ts';
import { redisFilter } from './redis/redis-terminal.ts';
import { tcpFilter } from './tcp-terminal.ts';
import type { TerminalFilter } from './terminal-filter.ts';

/** Throws a typed error that names what is unknown or can't be honoured. */
export function compileNetworkChain(
  configs: readonly Filter[],
  place: FilterPlace,
  parts: ListenerParts,
): NetworkChain {
  const last = configs.at(-1);
  if (!last) throw new ListenerConfigError('BAD_FILTER_CHAIN', `filter chain "${place.chainName}" has no filters`);
  const filters: ConnectionFilter[] = [];
  try {
    for (const config of configs.slice(0, -1)) filters.push(connectionFilter(config, place, parts));
    const chainPlace = { name: place.chainName, clock: parts.clock, onConnectionClosed: place.onConnectionClosed };
    return new NetworkChain(filters, chainPlace, (onConnectionClosed) =>
      terminalFilter(last, filters, { ...place, onConnectionClosed }, parts),
    );
  } catch (error) {
    for (const filter of filters) filter.close();
    throw error;
  }
}

function connectionFilter(config: Filter, place: FilterPlace, parts: ListenerParts): ConnectionFilter {
  const { name, configType } = config;
  if (configType.case !== 'configDiscovery') return typedFilter(config, configOf(config), parts);
  return new DiscoveredNetworkFilter({
    name,
    discovery: configType.value,
    watch: parts.watchExtension,
    compile: (given) => typedFilter(config, plainAny(given, xdsRegistry), parts),
    onReady: place.onReady,
    missing: place.configMissing,
  });
}

function typedFilter(config: Filter, any: Any | undefined, parts: ListenerParts): ConnectionFilter {
  const type = typeNameOf(any);
  if (!Object.hasOwn(CONNECTION_FILTERS, type)) throw unknownFilter(config, type);
  return CONNECTION_FILTERS[type]!(any!.value, parts);
}

function terminalFilter(
  config: Filter,
  filters: readonly ConnectionFilter[],
  place: FilterPlace,
  parts: ListenerParts,
): TerminalFilter {
  if (config.configType.case === 'configDiscovery') throw undiscoverable(config);
  const any = configOf(config);
  const type = typeNameOf(any);
  switch (type) {
    case HttpConnectionManagerSchema.typeName:
      return httpFilter(fromBinary(HttpConnectionManagerSchema, any!.value), place, parts);
    case TcpProxySchema.typeName: {
      const observers = filters.flatMap(({ observer }) => observer ?? []);
      return tcpFilter(fromBinary(TcpProxySchema, any!.value), observers, place, parts);
    }
    case RedisProxySchema.typeName: {
      const observers = filters.flatMap(({ observer }) => observer ?? []);
      return redisFilter(fromBinary(RedisProxySchema, any!.value), observers, place, parts);
    }
    case EchoSchema.typeName:
      return answerFilter(echo, place.onConnectionClosed);
    case DirectResponseSchema.typeName:
      return answerFilter(fixedAnswer(fromBinary(DirectResponseSchema, any!.value)), place.onConnectionClosed);
    default:
      throw unknownFilter(config, type);
  }
}

function configOf({ configType }: Filter): Any | undefined {
  return configType.case === 'typedConfig' ? plainAny(configType.value, xdsRegistry) : undefined;
}

function undiscoverable({ name }: Filter): ListenerConfigError {
  const message = `network filter ${name}: config_discovery is not supported for what ends a chain`;
  return new ListenerConfigError('UNSUPPORTED_FIELD', message);
}

function unknownFilter({ name, configType }: Filter, type: string): ListenerConfigError {
  return new ListenerConfigError(
    'UNKNOWN_FILTER',
    `network filter ${name}: unknown type ${type || (configType.case ?? 'no config')}`,
  );
}
