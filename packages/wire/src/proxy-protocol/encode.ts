// The two ends of a connection → the PROXY protocol header that tells them, v1 or v2.
// https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt
import { isIPv4, isIPv6 } from 'node:net';
import type { SocketAddress } from '@meltemi/base';

export interface ProxyEnds {
  readonly source: SocketAddress;
  readonly destination: SocketAddress;
}

const SIGNATURE_V2 = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const LOCAL = 0x20;
const PROXY = 0x21;
const TCP4 = 0x11;
const TCP6 = 0x21;

/** Without ends, or with ends of two families or none, the proxy speaks for itself. */
export function encodeProxyHeader(version: 1 | 2, ends: ProxyEnds | undefined): Buffer {
  const family = ends && familyOf(ends);
  return version === 1 ? encodeV1(ends, family) : encodeV2(ends, family);
}

type Family = 4 | 6;

function familyOf({ source, destination }: ProxyEnds): Family | undefined {
  if (isIPv4(source.host) && isIPv4(destination.host)) return 4;
  return isIPv6(source.host) && isIPv6(destination.host) ? 6 : undefined;
}

function encodeV1(ends: ProxyEnds | undefined, family: Family | undefined): Buffer {
  if (!ends || !family) return Buffer.from('PROXY UNKNOWN\r\n', 'latin1');
  const { source, destination } = ends;
  const text = `PROXY TCP${family} ${source.host} ${destination.host} ${source.port} ${destination.port}\r\n`;
  return Buffer.from(text, 'latin1');
}

function encodeV2(ends: ProxyEnds | undefined, family: Family | undefined): Buffer {
  if (!ends || !family) return Buffer.concat([SIGNATURE_V2, Buffer.from([LOCAL, 0, 0, 0])]);
  const addresses = [ends.source, ends.destination].map(({ host }) => addressBytes(host));
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(ends.source.port, 0);
  ports.writeUInt16BE(ends.destination.port, 2);
  const body = Buffer.concat([...addresses, ports]);
  return Buffer.concat([SIGNATURE_V2, Buffer.from([PROXY, family === 4 ? TCP4 : TCP6, 0, body.length]), body]);
}

function addressBytes(host: string): Buffer {
  if (isIPv4(host)) return Buffer.from(host.split('.').map(Number));
  const [head = '', tail] = withoutZone(withoutDots(host)).split('::');
  const groups = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const first = groups(head);
  const last = tail === undefined ? [] : groups(tail);
  const all = [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0), ...last];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

function withoutZone(host: string): string {
  return host.split('%')[0]!;
}

/** `::ffff:1.2.3.4` as groups alone. */
function withoutDots(host: string): string {
  return host.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_text, ...parts: readonly string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = parts.map(Number);
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
}
