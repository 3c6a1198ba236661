// An accepted connection that iptables redirected → where its client wanted to go (SO_ORIGINAL_DST of Linux's conntrack).
import type { SocketAddress } from '@meltemi/base';
import { readSocketOption } from './socket-option.ts';
import { SocketTransport } from './socket-transport.ts';
import type { Transport } from './transport.ts';

const SOL_IP = 0;
const SOL_IPV6 = 41;
/** SO_ORIGINAL_DST and IP6T_SO_ORIGINAL_DST (linux/netfilter_ipv4.h, linux/netfilter_ipv6/ip6_tables.h). */
const ORIGINAL_DST = 80;
const IPV4_SIZE = 16;
const IPV6_SIZE = 28;

const storage = Buffer.alloc(IPV6_SIZE);

/** Undefined: nobody redirected the connection, or its end is no TCP socket. Throws SocketOptionError. */
export function originalDestination(transport: Transport): SocketAddress | undefined {
  const descriptor = transport instanceof SocketTransport ? transport.descriptor : -1;
  if (descriptor < 0 || transport.localAddress.port === 0) return undefined;
  return transport.localAddress.host.includes(':') ? readIpv6(descriptor) : readIpv4(descriptor);
}

/** struct sockaddr_in: family, port, four bytes of address. */
function readIpv4(descriptor: number): SocketAddress | undefined {
  const count = readSocketOption(descriptor, SOL_IP, ORIGINAL_DST, storage.subarray(0, IPV4_SIZE));
  if (count !== IPV4_SIZE) return undefined;
  return { host: storage.subarray(4, 8).join('.'), port: storage.readUInt16BE(2) };
}

/** struct sockaddr_in6: family, port, flow, sixteen bytes of address. */
function readIpv6(descriptor: number): SocketAddress | undefined {
  const count = readSocketOption(descriptor, SOL_IPV6, ORIGINAL_DST, storage);
  if (count !== IPV6_SIZE) return undefined;
  return { host: formatIpv6(storage.subarray(8, 24)), port: storage.readUInt16BE(2) };
}

/** The canonical text of RFC 5952, which is how Node writes addresses too. */
export function formatIpv6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((bytes[index * 2]! << 8) | bytes[index * 2 + 1]!).toString(16),
  );
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}
