// Reads where a listener listens and which listener filters it has; refuses what is not supported.
import type { Listener } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import type { TransportAddress } from '@meltemi/wire';
import { ListenerConfigError } from './listener-config-error.ts';

export interface CheckedListener {
  readonly address: TransportAddress;
  readonly inspectors: ReadonlySet<'tls' | 'http'>;
}

/** Listener filters by the message of their config. The TLS inspector runs where a chain asks for what it finds. */
const INSPECTORS = {
  'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector': 'tls',
  'envoy.extensions.filters.listener.http_inspector.v3.HttpInspector': 'http',
} as const;

export function checkListener(config: Listener): CheckedListener {
  if (config.bindToPort === false) {
    throw new ListenerConfigError(
      'UNSUPPORTED_FIELD',
      'bind_to_port: false needs a listener that hands connections over',
    );
  }
  if (config.filterChainMatcher)
    throw new ListenerConfigError('UNSUPPORTED_FIELD', 'filter_chain_matcher is not supported');
  if (config.udpListenerConfig) throw new ListenerConfigError('UNSUPPORTED_FIELD', 'UDP is not supported');
  return { address: addressOf(config), inspectors: new Set(config.listenerFilters.map(inspectorOf)) };
}

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

function addressOf(config: Listener): TransportAddress {
  const address = config.address?.address;
  switch (address?.case) {
    case 'socketAddress':
      if (address.value.portSpecifier.case !== 'portValue') break;
      return { host: address.value.address, port: address.value.portSpecifier.value };
    case 'pipe':
      return { path: address.value.path };
    default:
  }
  throw new ListenerConfigError('BAD_ADDRESS', 'neither an IP address with a port nor a pipe');
}

function inspectorOf(filter: Listener['listenerFilters'][number]): 'tls' | 'http' {
  const url = filter.configType.case === 'typedConfig' ? filter.configType.value.typeUrl : '';
  const type = url.slice(url.lastIndexOf('/') + 1);
  if (Object.hasOwn(INSPECTORS, type)) return INSPECTORS[type as keyof typeof INSPECTORS];
  throw new ListenerConfigError(
    'UNKNOWN_FILTER',
    `listener filter ${filter.name}: unknown type ${type || 'no config'}`,
  );
}
