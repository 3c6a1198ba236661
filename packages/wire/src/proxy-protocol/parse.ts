// The first bytes of a connection → the PROXY protocol header in them, v1 or v2.
// https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt
import { isIPv4, isIPv6 } from 'node:net';
import type { SocketAddress } from '@meltemi/base';
import { formatIpv6 } from '../io/original-destination.ts';

/** `size`: bytes of the header, which are not the connection's. Without `ends` the proxy speaks for itself. */
export interface ProxyHeader {
  readonly kind: 'header';
  readonly version: 1 | 2;
  readonly size: number;
  readonly ends: { readonly source: SocketAddress; readonly destination: SocketAddress } | undefined;
  readonly extensions: readonly ProxyExtension[];
}

/** A type-length-value of v2. */
export interface ProxyExtension {
  readonly type: number;
  readonly value: Buffer;
}

export type ProxyHeaderPeek =
  | { readonly kind: 'need-more' }
  /** The bytes are no header: the connection's own. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'malformed'; readonly version: 1 | 2; readonly reason: string }
  | ProxyHeader;

const SIGNATURE_V1 = Buffer.from('PROXY ', 'latin1');
const SIGNATURE_V2 = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
/** §2.1, with the line end. Envoy takes one byte more. */
const MAX_V1 = 108;
const FIXED_V2 = 16;
const needMore: ProxyHeaderPeek = { kind: 'need-more' };

/** Looks at everything read so far; takes nothing. */
export function peekProxyHeader(bytes: Buffer): ProxyHeaderPeek {
  if (startsLike(bytes, SIGNATURE_V2)) return bytes.length < FIXED_V2 ? needMore : parseV2(bytes);
  if (startsLike(bytes, SIGNATURE_V1)) return bytes.length < SIGNATURE_V1.length ? needMore : parseV1(bytes);
  return { kind: 'absent' };
}

/** True while the bytes here are those of the signature. */
function startsLike(bytes: Buffer, signature: Buffer): boolean {
  const length = Math.min(bytes.length, signature.length);
  return bytes.compare(signature, 0, length, 0, length) === 0;
}

function parseV1(bytes: Buffer): ProxyHeaderPeek {
  const end = bytes.subarray(0, MAX_V1).indexOf('\r\n');
  if (end < 0) return bytes.length < MAX_V1 ? needMore : malformed(1, 'the line has no end');
  const [, family, source, destination, sourcePort, destinationPort, ...rest] = bytes
    .toString('latin1', 0, end)
    .split(' ');
  const size = end + 2;
  if (family === 'UNKNOWN') return { kind: 'header', version: 1, size, ends: undefined, extensions: [] };
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isIPv6 : undefined;
  if (!isAddress) return malformed(1, 'unknown family');
  if (!isAddress(source ?? '') || !isAddress(destination ?? '')) return malformed(1, 'no address');
  if (!isPort(sourcePort) || !isPort(destinationPort) || rest.length > 0) return malformed(1, 'no port');
  const ends = {
    source: { host: source!, port: Number(sourcePort) },
    destination: { host: destination!, port: Number(destinationPort) },
  };
  return { kind: 'header', version: 1, size, ends, extensions: [] };
}

function isPort(text: string | undefined): boolean {
  return /^\d{1,5}$/.test(text ?? '') && Number(text) <= 65_535;
}

function parseV2(bytes: Buffer): ProxyHeaderPeek {
  const command = bytes[12]!;
  if (command >> 4 !== 2) return malformed(2, 'unknown version');
  if ((command & 15) > 1) return malformed(2, 'unknown command');
  const size = FIXED_V2 + bytes.readUInt16BE(14);
  if (bytes.length < size) return needMore;
  const isLocal = (command & 15) === 0;
  const addressSize = isLocal ? 0 : addressSizeOf(bytes[13]!);
  if (addressSize === undefined) return malformed(2, 'unknown family or protocol');
  if (FIXED_V2 + addressSize > size) return malformed(2, 'the addresses are cut off');
  const extensions = isLocal ? [] : readExtensions(bytes.subarray(FIXED_V2 + addressSize, size));
  if (!extensions) return malformed(2, 'an extension is cut off');
  const ends = isLocal ? undefined : readEnds(bytes.subarray(FIXED_V2, FIXED_V2 + addressSize));
  return { kind: 'header', version: 2, size, ends, extensions };
}

/** Of TCP over IPv4 or IPv6: two addresses and two ports. */
function addressSizeOf(family: number): number | undefined {
  if (family === 0x11) return 12;
  return family === 0x21 ? 36 : undefined;
}

function readEnds(block: Buffer) {
  const width = (block.length - 4) / 2;
  const host = (at: number) =>
    width === 4 ? block.subarray(at, at + 4).join('.') : formatIpv6(block.subarray(at, at + 16));
  return {
    source: { host: host(0), port: block.readUInt16BE(2 * width) },
    destination: { host: host(width), port: block.readUInt16BE(2 * width + 2) },
  };
}

function readExtensions(block: Buffer): ProxyExtension[] | undefined {
  const found: ProxyExtension[] = [];
  for (let pos = 0; pos < block.length;) {
    if (pos + 3 > block.length) return undefined;
    const end = pos + 3 + block.readUInt16BE(pos + 1);
    if (end > block.length) return undefined;
    found.push({ type: block[pos]!, value: Buffer.from(block.subarray(pos + 3, end)) });
    pos = end;
  }
  return found;
}

function malformed(version: 1 | 2, reason: string): ProxyHeaderPeek {
  return { kind: 'malformed', version, reason };
}
