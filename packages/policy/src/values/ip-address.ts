// IP addresses as text to the 4 or 16 bytes that attributes carry, and back.
import { isIPv4, isIPv6 } from 'node:net';

const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** 16 bytes, an IPv4 address mapped into them (`::ffff:1.2.3.4`), as Go's net.ParseIP; undefined for any other text. */
export function parseIpAddress(text: string): Uint8Array | undefined {
  if (isIPv4(text)) return Uint8Array.from([...MAPPED_PREFIX, ...text.split('.').map(Number)]);
  // Zones (`fe80::1%eth0`) belong to one machine and are no part of an address.
  return isIPv6(text) && !text.includes('%') ? Uint8Array.from(ipv6Bytes(text)) : undefined;
}

/** `1.2.3.4` for both forms of an IPv4 address, the shortest form for IPv6 (RFC 5952), `?hex` for anything else. */
export function formatIpAddress(bytes: Uint8Array): string {
  const short = shortForm(bytes);
  if (short.length === 4) return short.join('.');
  if (short.length === 16) return ipv6Text(short);
  return `?${Buffer.from(bytes).toString('hex')}`;
}

/** True for the same address in either form. */
export function equalIpAddresses(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length === b.length) return sameFrom(a, 0, b);
  const [long, short] = a.length > b.length ? [a, b] : [b, a];
  return isMapped(long) && short.length === 4 && sameFrom(long, 12, short);
}

/** 4 bytes for an IPv4 address, mapped or not. */
export function shortForm(bytes: Uint8Array): Uint8Array {
  return isMapped(bytes) ? bytes.subarray(12) : bytes;
}

function isMapped(bytes: Uint8Array): boolean {
  if (bytes.length !== 16) return false;
  for (let index = 0; index < 12; index++) if (bytes[index] !== MAPPED_PREFIX[index]) return false;
  return true;
}

function sameFrom(long: Uint8Array, start: number, short: Uint8Array): boolean {
  for (let index = 0; index < short.length; index++) if (long[start + index] !== short[index]) return false;
  return true;
}

function ipv6Bytes(text: string): readonly number[] {
  const [head = '', tail] = text.split('::');
  const left = groupBytes(head);
  if (tail === undefined) return left;
  const right = groupBytes(tail);
  return [...left, ...Array.from({ length: 16 - left.length - right.length }, () => 0), ...right];
}

function groupBytes(groups: string): readonly number[] {
  if (groups === '') return [];
  return groups.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number);
    const word = Number.parseInt(group, 16);
    return [word >> 8, word & 0xff];
  });
}

function ipv6Text(bytes: Uint8Array): string {
  const words = Array.from({ length: 8 }, (_, index) => (bytes[2 * index]! << 8) | bytes[2 * index + 1]!);
  const zeros = longestZeroRun(words);
  const hex = (part: readonly number[]): string => part.map((word) => word.toString(16)).join(':');
  if (zeros.length < 2) return hex(words);
  return `${hex(words.slice(0, zeros.start))}::${hex(words.slice(zeros.start + zeros.length))}`;
}

function longestZeroRun(words: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  let length = 0;
  for (const [index, word] of words.entries()) {
    length = word === 0 ? length + 1 : 0;
    if (length > best.length) best = { start: index - length + 1, length };
  }
  return best;
}
