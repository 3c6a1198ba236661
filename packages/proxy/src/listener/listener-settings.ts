// Turns a Listener message into plain settings, and decides about each of its fields: honoured, harmless, or refused by name.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/listener/v3/listener.proto
import { durationToMs } from '@meltemi/base';
import type { Listener } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import type { ListenAddress } from './listen-address.ts';
import { listenAddresses } from './listen-address.ts';
import { ListenerConfigError } from './listener-config-error.ts';
import { statName } from './listener-address.ts';

export interface ListenerSettings {
  /** The first is the one by which the listener is known. */
  readonly addresses: readonly ListenAddress[];
  /** False: it has no socket, connections are handed to it. */
  readonly bindToPort: boolean;
  /** Connections go to the listener that has their original destination. */
  readonly handsOver: boolean;
  /** Of counters: `listener.NAME.…`. */
  readonly statPrefix: string;
  /** How long listener filters may wait for bytes; 0: without end. */
  readonly filtersTimeoutMs: number;
  /** After that time the connection goes on with what is known. */
  readonly continueOnTimeout: boolean;
  readonly backlog: number | undefined;
}

/** Envoy's default. */
const FILTERS_TIMEOUT_MS = 15_000;

/**
 * Honoured elsewhere: listener_filters, filter_chains, default_filter_chain, filter_chain_matcher, access_log.
 *
 * Harmless: `per_connection_buffer_limit_bytes` (at most 64 KiB wait for each side of a connection, a sixteenth of Envoy's default),
 * `connection_balance_config` and `enable_reuse_port` (the kernel spreads connections over the workers), `max_connections_to_accept_per_socket_event`
 * (libuv accepts one after the other), `drain_type` (connections of a removed listener drain by the drain time either way),
 * `enable_mptcp` (Linux falls back to TCP with clients that don't have it), `ignore_global_conn_limit` and `bypass_overload_manager`
 * (for whoever counts all connections), `traffic_direction` and `metadata` (for the admin pages).
 */
export function listenerSettings(config: Listener): ListenerSettings {
  refuseUnsupported(config);
  const addresses = listenAddresses(config);
  return {
    addresses,
    bindToPort: config.bindToPort ?? config.deprecatedV1?.bindToPort ?? true,
    handsOver: config.useOriginalDst ?? false,
    statPrefix: config.statPrefix || statName(addresses[0]!.address),
    filtersTimeoutMs: config.listenerFiltersTimeout ? durationToMs(config.listenerFiltersTimeout) : FILTERS_TIMEOUT_MS,
    continueOnTimeout: config.continueOnListenerFiltersTimeout,
    backlog: config.tcpBacklogSize,
  };
}

function refuseUnsupported(config: Listener): void {
  const field = [
    config.udpListenerConfig && 'udp_listener_config',
    config.apiListener && 'api_listener',
    config.listenerSpecifier.case === 'internalListener' && 'internal_listener',
    config.freebind === true && 'freebind',
    config.filterChains.some((chain) => chain.useProxyProto === true) && 'use_proxy_proto (name the listener filter)',
    config.filterChains.some((chain) => chain.onDemandConfiguration) && 'on_demand_configuration',
  ].find(Boolean);
  if (field !== undefined && field !== false)
    throw new ListenerConfigError('UNSUPPORTED_FIELD', `${field} is not supported`);
}
