// Tells the addresses of the world from those of this machine and its networks.
// https://www.iana.org/assignments/iana-ipv4-special-registry https://www.iana.org/assignments/iana-ipv6-special-registry
import { BlockList, isIP } from 'node:net';

/** Loopback, link-local (cloud metadata among them), private, shared, reserved and multicast. An address of IPv4 that IPv6 carries as ::ffff:a.b.c.d is judged as itself. */
const INNER: readonly string[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/3',
  '::/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '2001::/32',
  '2002::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
];

const inner = rangesOf(INNER);

/** True for an address that a request on somebody else's word must not go to. */
export function isInnerAddress(address: string): boolean {
  return covers(inner, address);
}

/** `ranges`: `10.0.0.0/8`, or an address. Throws a RangeError for anything else. */
export function rangesOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) add(list, range);
  return list;
}

export function covers(list: BlockList, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

function add(list: BlockList, range: string): void {
  const [network = '', length, ...more] = range.split('/');
  const version = isIP(network);
  const longest = version === 6 ? 128 : 32;
  const bits = length === undefined ? longest : Number(length);
  const isLength = length === undefined || /^\d{1,3}$/.test(length);
  if (version === 0 || !isLength || bits > longest || more.length > 0) {
    throw new RangeError(`${JSON.stringify(range)} is not a range of addresses such as 10.0.0.0/8`);
  }
  list.addSubnet(network, bits, version === 6 ? 'ipv6' : 'ipv4');
}
