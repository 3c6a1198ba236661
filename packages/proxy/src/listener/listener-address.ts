// Names a listener's addresses, as Envoy writes them into stats and as keys of sockets, and says its direction.
import { TrafficDirection } from '@meltemi/api/envoy/config/core/v3/base_pb';
import type { Listener } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import type { TransportAddress } from '@meltemi/wire';

/** `0.0.0.0_80`, as Envoy writes an address into a stat's name. */
export function statName(address: TransportAddress): string {
  return 'path' in address
    ? address.path
    : `${address.host.includes(':') ? `[${address.host}]` : address.host}_${address.port}`;
}

/** The same for the same socket. */
export function addressKey(address: TransportAddress): string {
  return 'path' in address ? `unix:${address.path}` : `${address.host}|${address.port}`;
}

/** Connections of others to this workload come in by it. */
export function isInbound(listener: Listener): boolean {
  return directionOf(listener) === 'inbound';
}

/** Undefined: the listener doesn't say. */
export function directionOf({ trafficDirection }: Listener): 'inbound' | 'outbound' | undefined {
  if (trafficDirection === TrafficDirection.INBOUND) return 'inbound';
  return trafficDirection === TrafficDirection.OUTBOUND ? 'outbound' : undefined;
}
