// IP addresses and prefixes as bytes: text ↔ a key that is the same for the same network.
import { isIPv4, isIPv6 } from 'node:net';

/** The address's 4 or 16 bytes; undefined when the text is no IP address. */
export function ipBytes(text: string): Buffer | undefined {
  if (isIPv4(text)) return Buffer.from(text.split('.').map(Number));
  return isIPv6(text) ? ipv6Bytes(text) : undefined;
}

/** Names the network that the first `length` bits of an address are; addresses of other families have other names. */
export function networkKey(address: Buffer, length: number): string {
  const masked = Buffer.alloc(address.length);
  const whole = length >> 3;
  address.copy(masked, 0, 0, whole);
  if (length % 8 > 0) masked[whole] = address[whole]! & (0xff00 >> (length % 8));
  return masked.toString('latin1');
}

/** The text that Node writes for an address: IPv6 in canonical form; what is no address stays. */
export function canonicalIp(text: string): string {
  return isIPv6(text) && !text.includes('%') ? new URL(`http://[${text}]/`).hostname.slice(1, -1) : text;
}

function ipv6Bytes(text: string): Buffer {
  const canonical = canonicalIp(text.replace(/%.*$/, ''));
  const [head = '', tail] = canonical.split('::');
  const first = groups(head);
  const last = tail === undefined ? [] : groups(tail);
  const bytes = Buffer.alloc(16);
  first.forEach((group, index) => bytes.writeUInt16BE(group, index * 2));
  last.forEach((group, index) => bytes.writeUInt16BE(group, 16 - (last.length - index) * 2));
  return bytes;
}

function groups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}
