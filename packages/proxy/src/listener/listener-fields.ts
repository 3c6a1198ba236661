// What becomes of each field of a Listener and its filter chains.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/listener/v3/listener.proto
import { type FieldRules, refusedField } from '@meltemi/api';
import { type FilterChain, FilterChainSchema } from '@meltemi/api/envoy/config/listener/v3/listener_components_pb';
import { type Listener, ListenerSchema } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import { ListenerConfigError } from './listener-config-error.ts';

export const LISTENER_FIELDS: FieldRules<Listener> = {
  name: 'honoured',
  address: 'honoured',
  additional_addresses: 'honoured',
  stat_prefix: 'honoured',
  filter_chains: 'honoured',
  filter_chain_matcher: 'honoured',
  use_original_dst: 'honoured',
  default_filter_chain: 'honoured',
  per_connection_buffer_limit_bytes: 'honoured',
  metadata: { harmless: 'the admin pages show it' },
  deprecated_v1: 'honoured',
  drain_type: { harmless: 'connections of a removed listener drain by the drain time either way' },
  listener_filters: 'honoured',
  listener_filters_timeout: 'honoured',
  continue_on_listener_filters_timeout: 'honoured',
  transparent: 'honoured',
  freebind: { refused: '', where: ({ freebind }) => freebind === true },
  socket_options: 'honoured',
  tcp_fast_open_queue_length: 'honoured',
  traffic_direction: 'honoured',
  udp_listener_config: { refused: '' },
  api_listener: { refused: '' },
  connection_balance_config: { harmless: 'the kernel spreads connections over the workers' },
  reuse_port: { harmless: 'the kernel spreads connections over the workers' },
  enable_reuse_port: { harmless: 'the kernel spreads connections over the workers' },
  access_log: 'honoured',
  tcp_backlog_size: 'honoured',
  max_connections_to_accept_per_socket_event: { harmless: 'libuv accepts one after the other' },
  bind_to_port: 'honoured',
  internal_listener: { refused: '' },
  enable_mptcp: { harmless: 'Linux falls back to TCP with clients that do not have it' },
  ignore_global_conn_limit: { harmless: 'for whoever counts all connections' },
  bypass_overload_manager: { harmless: 'for whoever counts all connections' },
};

export const FILTER_CHAIN_FIELDS: FieldRules<FilterChain> = {
  filter_chain_match: 'honoured',
  filters: 'honoured',
  use_proxy_proto: { refused: 'name the listener filter', where: ({ useProxyProto }) => useProxyProto === true },
  metadata: { harmless: 'the admin pages show it' },
  transport_socket: 'honoured',
  transport_socket_connect_timeout: 'honoured',
  name: 'honoured',
  on_demand_configuration: { refused: '' },
};

/** Throws ListenerConfigError. */
export function refuseListenerFields(config: Listener): void {
  const chains = [...config.filterChains, ...(config.defaultFilterChain ? [config.defaultFilterChain] : [])];
  const field =
    refusedField(ListenerSchema, LISTENER_FIELDS, config) ??
    chains.map((chain) => refusedField(FilterChainSchema, FILTER_CHAIN_FIELDS, chain)).find((each) => each);
  if (field !== undefined) throw new ListenerConfigError('UNSUPPORTED_FIELD', field);
}
