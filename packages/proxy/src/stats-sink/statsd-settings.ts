// Turns the bootstrap's stats_sinks into the statsd servers that are fed.
import { unpackAny } from '@meltemi/api';
import type { Address } from '@meltemi/api/envoy/config/core/v3/address_pb';
import { type StatsdSink, StatsdSinkSchema, type StatsSink } from '@meltemi/api/envoy/config/metrics/v3/stats_pb';
import type { SocketAddress } from '@meltemi/base';
import { refusedType } from '../bootstrap/refused-types.ts';
import { typeOf } from '../bootstrap/typed-struct.ts';

export type StatsdSettings =
  | { readonly kind: 'udp'; readonly address: SocketAddress; readonly prefix: string }
  /** Over a connection to a cluster. */
  | { readonly kind: 'tcp'; readonly cluster: string; readonly prefix: string };

export class StatsSinkError extends Error {
  readonly code = 'BAD_STATS_SINK';
}

/** Envoy's default prefix. */
const PREFIX = 'envoy';

/** Throws StatsSinkError. */
export function statsdSinks(sinks: readonly StatsSink[]): readonly StatsdSettings[] {
  return sinks.map(({ name, configType }) => {
    const config = configType.value;
    const statsd = unpackAny(config, StatsdSinkSchema);
    if (statsd) return statsdSettings(name, statsd);
    const type = typeOf(config);
    throw new StatsSinkError(
      `stats sink ${name}: ${refusedType(type) ?? `type ${type} is not supported: use StatsdSink`}`,
    );
  });
}

function statsdSettings(name: string, { statsdSpecifier, prefix }: StatsdSink): StatsdSettings {
  switch (statsdSpecifier.case) {
    case 'address':
      return { kind: 'udp', address: socketAddress(name, statsdSpecifier.value), prefix: prefix || PREFIX };
    case 'tcpClusterName':
      return { kind: 'tcp', cluster: statsdSpecifier.value, prefix: prefix || PREFIX };
    default:
      throw new StatsSinkError(`stats sink ${name}: a StatsdSink needs address or tcp_cluster_name`);
  }
}

function socketAddress(name: string, { address }: Address): SocketAddress {
  if (address.case !== 'socketAddress' || address.value.portSpecifier.case !== 'portValue')
    throw new StatsSinkError(`stats sink ${name}: its address must be a socket_address with a port_value`);
  return { host: address.value.address, port: address.value.portSpecifier.value };
}
