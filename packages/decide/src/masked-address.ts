// An IP address → the network it is in, as text with its length: `10.1.2.3` → `10.1.0.0/16`.
import { isIP } from 'node:net';

/** Undefined: not an IP address. */
export function maskedAddress(address: string, v4Length: number, v6Length: number): string | undefined {
  switch (isIP(address)) {
    case 4:
      return `${maskedV4(address, v4Length)}/${v4Length}`;
    case 6:
      return `${maskedV6(address, v6Length)}/${v6Length}`;
    default:
      return undefined;
  }
}

function maskedV4(address: string, length: number): string {
  return masked(address.split('.').map(Number), 8, length).join('.');
}

function maskedV6(address: string, length: number): string {
  const groups = masked(groupsOf(address), 16, length).map((group) => group.toString(16));
  // The URL's host is in the canonical form.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

function masked(parts: readonly number[], bits: number, length: number): readonly number[] {
  return parts.map((part, index) => {
    const kept = Math.min(bits, Math.max(0, length - index * bits));
    return part & ~((1 << (bits - kept)) - 1);
  });
}

/** The eight numbers of an IPv6 address. */
function groupsOf(address: string): readonly number[] {
  const canonical = new URL(`http://[${address.split('%', 1)[0]!}]`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16));
}
