// Finds each part of a listener that can't be honoured, by building the parts one by one.
import { create } from '@bufbuild/protobuf';
import { packAny, unpackAny } from '@meltemi/api';
import {
  type Filter,
  type FilterChain,
  FilterChainSchema,
  FilterSchema,
} from '@meltemi/api/envoy/config/listener/v3/listener_components_pb';
import { type Listener, ListenerSchema } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import {
  type HttpConnectionManager,
  HttpConnectionManagerSchema,
} from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { TcpProxySchema } from '@meltemi/api/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb';
import type { FieldFault } from '@meltemi/api';
import { connectionManagerFaults } from './connection-manager-faults.ts';

/** Why a listener can't be built; undefined when it can. */
export type TryListener = (listener: Listener) => string | undefined;

export function listenerFaults(listener: Listener, path: string, build: TryListener): readonly FieldFault[] {
  const whole = build(listener);
  if (whole === undefined) return [];
  const chains = listener.filterChains.map((chain, index) => ({ chain, path: `${path}.filter_chains[${index}]` }));
  if (listener.defaultFilterChain)
    chains.push({ chain: listener.defaultFilterChain, path: `${path}.default_filter_chain` });
  const faults = chains.flatMap((part) =>
    chainFaults(part.chain, part.path, (chain) => build(withChain(listener, chain))),
  );
  return faults.length > 0 ? faults : [{ path, message: whole }];
}

type TryChain = (chain: FilterChain) => string | undefined;

function chainFaults(chain: FilterChain, path: string, build: TryChain): readonly FieldFault[] {
  const whole = build(chain);
  if (whole === undefined) return [];
  const last = chain.filters.length - 1;
  const faults = chain.filters.flatMap((filter, index) =>
    filterFaults(filter, `${path}.filters[${index}].typed_config`, (alone) =>
      build(withFilters(chain, index === last ? [alone] : [alone, PLAIN_TCP])),
    ),
  );
  return faults.length > 0 ? faults : [{ path, message: whole }];
}

function filterFaults(
  filter: Filter,
  path: string,
  build: (filter: Filter) => string | undefined,
): readonly FieldFault[] {
  const message = build(filter);
  if (message === undefined) return [];
  const config = filter.configType.case === 'typedConfig' ? filter.configType.value : undefined;
  const manager = unpackAny(config, HttpConnectionManagerSchema);
  if (!manager) return [{ path, message }];
  const faults = connectionManagerFaults(manager, path, (alone) => build(withManager(filter, alone)));
  return faults.length > 0 ? faults : [{ path, message }];
}

/** Ends a chain whose other filters are tried. */
const PLAIN_TCP = create(FilterSchema, {
  name: 'envoy.filters.network.tcp_proxy',
  configType: {
    case: 'typedConfig',
    value: packAny(
      TcpProxySchema,
      create(TcpProxySchema, { statPrefix: 'x', clusterSpecifier: { case: 'cluster', value: 'x' } }),
    ),
  },
});

function withChain(listener: Listener, chain: FilterChain): Listener {
  const { defaultFilterChain: _default, filterChainMatcher: _matcher, ...rest } = listener;
  return create(ListenerSchema, { ...rest, filterChains: [chain] });
}

function withFilters(chain: FilterChain, filters: readonly Filter[]): FilterChain {
  return create(FilterChainSchema, { ...chain, filters: [...filters] });
}

function withManager(filter: Filter, manager: HttpConnectionManager): Filter {
  const value = packAny(HttpConnectionManagerSchema, manager);
  return create(FilterSchema, { ...filter, configType: { case: 'typedConfig', value } });
}
