// An IP address and a number of bits → the network in CIDR notation.
import { isIPv4 } from 'node:net';

/** `10.1.0.0/16` of `10.1.10.23` and 16; undefined when it is no IP address or has fewer bits. */
export function maskedAddress(ip: string, bits: number): string | undefined {
  const groups = isIPv4(ip) ? ip.split('.').map(Number) : ipv6Groups(ip);
  const width = groups?.length === 4 ? 8 : 16;
  if (!groups || bits > groups.length * width) return undefined;
  const kept = groups.map((group, index) => maskGroup(group, bits - index * width, width));
  const text = width === 8 ? kept.join('.') : ipv6Text(kept.map((group) => group.toString(16)).join(':'));
  return `${text}/${bits}`;
}

/** The first `bits` of a group. */
function maskGroup(group: number, bits: number, width: number): number {
  if (bits >= width) return group;
  return bits <= 0 ? 0 : group & (((1 << bits) - 1) << (width - bits));
}

function ipv6Groups(ip: string): readonly number[] | undefined {
  const text = ipv6Text(ip.replace(/%.*$/, ''));
  if (text === undefined) return undefined;
  const [head = '', tail] = text.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from<string>({ length: 8 - left.length - right.length }).fill('0');
  return [...left, ...zeros, ...right].map((group) => parseInt(group, 16));
}

/** RFC 5952, as the URL parser writes hosts. */
function ipv6Text(ip: string): string | undefined {
  return URL.parse(`http://[${ip}]`)?.hostname.slice(1, -1);
}
