// Turns a Listener message into plain settings with Envoy's defaults.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/listener/v3/listener.proto
import { durationToMs } from '@meltemi/base';
import type { Listener } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import { bufferLimitOf } from '../codec/buffer-limit.ts';
import type { ListenAddress } from './listen-address.ts';
import { listenAddresses } from './listen-address.ts';
import { refuseListenerFields } from './listener-fields.ts';
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
  /** Bytes that may wait for a client before nothing more is read for it. */
  readonly bufferLimit: number;
}

/** Envoy's default. */
const FILTERS_TIMEOUT_MS = 15_000;

/** Throws ListenerConfigError for what can't be honoured. */
export function listenerSettings(config: Listener): ListenerSettings {
  refuseListenerFields(config);
  const addresses = listenAddresses(config);
  return {
    addresses,
    bindToPort: config.bindToPort ?? config.deprecatedV1?.bindToPort ?? true,
    handsOver: config.useOriginalDst ?? false,
    statPrefix: config.statPrefix || statName(addresses[0]!.address),
    filtersTimeoutMs: config.listenerFiltersTimeout ? durationToMs(config.listenerFiltersTimeout) : FILTERS_TIMEOUT_MS,
    continueOnTimeout: config.continueOnListenerFiltersTimeout,
    backlog: config.tcpBacklogSize,
    bufferLimit: bufferLimitOf(config.perConnectionBufferLimitBytes),
  };
}
