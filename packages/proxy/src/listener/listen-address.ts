// Reads where a listener listens, its additional addresses included, and what its sockets are set to.
import type { Address } from '@meltemi/api/envoy/config/core/v3/address_pb';
import { SocketOption_SocketState as SocketState } from '@meltemi/api/envoy/config/core/v3/socket_option_pb';
import type { SocketOption as SocketOptionConfig } from '@meltemi/api/envoy/config/core/v3/socket_option_pb';
import type { Listener } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import { canonicalIp, ipBytes } from '@meltemi/base';
import { loadSocketOptions, type SocketOption, type TransportAddress } from '@meltemi/wire';
import { ListenerConfigError } from './listener-config-error.ts';

export interface ListenAddress {
  readonly address: TransportAddress;
  /** An IPv6 socket that takes no IPv4 clients. */
  readonly ipv6Only: boolean;
  readonly socketOptions: readonly SocketOption[];
}

const SOL_IP = 0;
const SOL_TCP = 6;
const SOL_IPV6 = 41;
const IP_TRANSPARENT = 19;
const IPV6_TRANSPARENT = 75;
const TCP_FASTOPEN = 23;

/** Throws a typed error for what is no address, and where socket options are asked for and can't be set. */
export function listenAddresses(config: Listener): readonly ListenAddress[] {
  const all = [
    listenAddress(config.address, config.socketOptions, config),
    ...config.additionalAddresses.map(({ address, socketOptions }) =>
      listenAddress(address, socketOptions?.socketOptions ?? config.socketOptions, config),
    ),
  ];
  if (all.some(({ socketOptions }) => socketOptions.length > 0)) loadSocketOptions();
  return all;
}

function listenAddress(
  config: Address | undefined,
  options: readonly SocketOptionConfig[],
  listener: Listener,
): ListenAddress {
  const address = addressOf(config);
  if ('path' in address) return { address, ipv6Only: false, socketOptions: [] };
  const isIpv6 = address.host.includes(':');
  const compatible = config?.address.case === 'socketAddress' && config.address.value.ipv4Compat;
  const socketOptions = [...ownOptions(listener, isIpv6), ...options.map(socketOption)];
  return { address, ipv6Only: isIpv6 && !compatible, socketOptions };
}

function addressOf(config: Address | undefined): TransportAddress {
  const address = config?.address;
  if (address?.case === 'pipe') return { path: address.value.path };
  if (address?.case === 'socketAddress' && address.value.portSpecifier.case === 'portValue') {
    const host = address.value.address;
    if (ipBytes(host)) return { host: canonicalIp(host), port: address.value.portSpecifier.value };
  }
  throw new ListenerConfigError('BAD_ADDRESS', 'neither an IP address with a port nor a pipe');
}

function ownOptions({ transparent, tcpFastOpenQueueLength }: Listener, isIpv6: boolean): SocketOption[] {
  const options: SocketOption[] = [];
  if (transparent === true)
    options.push(isIpv6 ? option(SOL_IPV6, IPV6_TRANSPARENT, 1) : option(SOL_IP, IP_TRANSPARENT, 1));
  if (tcpFastOpenQueueLength) options.push(option(SOL_TCP, TCP_FASTOPEN, tcpFastOpenQueueLength));
  return options;
}

function option(level: number, name: number, value: number): SocketOption {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return { level, name, value: bytes };
}

/** All are set when the socket is open: those that a socket must have before it is bound are refused. */
function socketOption({ level, name, value, state, description }: SocketOptionConfig): SocketOption {
  if (state === SocketState.STATE_PREBIND && isOnlyBeforeBind(Number(level), Number(name)))
    throw new ListenerConfigError(
      'UNSUPPORTED_FIELD',
      `socket_options: ${description || `${level}/${name}`} before binding`,
    );
  if (value.case === 'bufValue') return { level: Number(level), name: Number(name), value: value.value };
  return option(Number(level), Number(name), Number(value.value ?? 0));
}

/** SO_REUSEADDR, SO_REUSEPORT, IP_FREEBIND, IPV6_V6ONLY. */
function isOnlyBeforeBind(level: number, name: number): boolean {
  return (
    (level === 1 && (name === 2 || name === 15)) ||
    (level === SOL_IP && name === 15) ||
    (level === SOL_IPV6 && name === 26)
  );
}
