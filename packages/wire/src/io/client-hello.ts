// The first bytes of a connection → is it TLS, and what does its ClientHello ask for (RFC 8446 §4.1.2, RFC 6066 §3)?

/** `hello`: `sni` lower-case without trailing dot, `alpn` in the client's order. */
export type ClientHelloPeek =
  | { readonly kind: 'need-more' }
  | { readonly kind: 'not-tls' }
  | { readonly kind: 'hello'; readonly sni: string | undefined; readonly alpn: readonly string[] };

const needMore: ClientHelloPeek = { kind: 'need-more' };
const notTls: ClientHelloPeek = { kind: 'not-tls' };

const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const ALPN = 16;
const recordHeader = 5;
/** RFC 8446 §5.1. */
const maxRecord = 16 * 1024;
/** A longer ClientHello (Envoy's inspector takes as much) is not looked at. */
const maxHello = 64 * 1024;
const maxRecords = 16;
const hostName = /^[a-z0-9_.-]{1,255}$/;

/** Looks at everything read so far, the first byte of the connection first; takes nothing. */
export function peekClientHello(bytes: Buffer): ClientHelloPeek {
  const message = handshakeMessage(bytes);
  if (!Buffer.isBuffer(message)) return message;
  const reader = new Reader(message);
  reader.skip(4 + 2 + 32);
  reader.skip(reader.uint8());
  reader.skip(reader.uint16());
  reader.skip(reader.uint8());
  const asked = reader.left === 0 ? { sni: undefined, alpn: [] } : readExtensions(reader.vector(reader.uint16()));
  return asked === undefined || reader.failed ? notTls : { kind: 'hello', ...asked };
}

/** The ClientHello message, joined where it spans records. */
function handshakeMessage(bytes: Buffer): Buffer | ClientHelloPeek {
  const first = recordFragment(bytes, 0);
  if (!Buffer.isBuffer(first)) return first;
  if (first[0] !== CLIENT_HELLO) return notTls;
  // No client cuts the four bytes that say type and size over two records.
  if (first.length < 4) return bytes.readUInt16BE(3) < 4 ? notTls : needMore;
  const size = 4 + first.readUIntBE(1, 3);
  return size > maxHello ? notTls : joinRecords(bytes, first, size);
}

function joinRecords(bytes: Buffer, first: Buffer, size: number): Buffer | ClientHelloPeek {
  const parts = [first];
  let have = first.length;
  let pos = recordHeader + first.length;
  while (have < size) {
    if (parts.length === maxRecords) return notTls;
    const fragment = recordFragment(bytes, pos);
    if (!Buffer.isBuffer(fragment)) return fragment;
    parts.push(fragment);
    have += fragment.length;
    pos += recordHeader + fragment.length;
  }
  return (parts.length === 1 ? first : Buffer.concat(parts)).subarray(0, size);
}

/** What is here of the record's content at `pos`: one byte at least. */
function recordFragment(bytes: Buffer, pos: number): Buffer | ClientHelloPeek {
  if (bytes.length > pos && bytes[pos] !== HANDSHAKE_RECORD) return notTls;
  if (bytes.length > pos + 1 && bytes[pos + 1] !== 3) return notTls;
  if (bytes.length < pos + recordHeader) return needMore;
  const length = bytes.readUInt16BE(pos + 3);
  if (length === 0 || length > maxRecord) return notTls;
  const fragment = bytes.subarray(pos + recordHeader, pos + recordHeader + length);
  return fragment.length === 0 ? needMore : fragment;
}

function readExtensions(reader: Reader): { sni: string | undefined; alpn: string[] } | undefined {
  let sni: string | undefined;
  let alpn: string[] = [];
  while (reader.left > 0) {
    const type = reader.uint16();
    const content = reader.vector(reader.uint16());
    if (type === SERVER_NAME) sni = readServerName(content);
    else if (type === ALPN) alpn = readProtocols(content);
    if (content.failed) return undefined;
  }
  return reader.failed ? undefined : { sni, alpn };
}

/** The first host name of the list; one that cannot be a host name fails the hello. */
function readServerName(content: Reader): string | undefined {
  const list = content.vector(content.uint16());
  const type = list.uint8();
  const name = list.text(list.uint16()).toLowerCase().replace(/\.$/, '');
  if (list.failed || type !== 0 || !hostName.test(name)) content.failed = true;
  return name;
}

function readProtocols(content: Reader): string[] {
  const list = content.vector(content.uint16());
  const protocols: string[] = [];
  while (list.left > 0) protocols.push(list.text(list.uint8()));
  if (list.failed || protocols.includes('')) content.failed = true;
  return protocols;
}

/** Reads big-endian fields; beyond the end it reads zeros and notes the failure. */
class Reader {
  failed = false;
  readonly #bytes: Buffer;
  #pos = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#pos;
  }

  uint8(): number {
    return this.#take(1)[0] ?? 0;
  }

  uint16(): number {
    return this.uint8() * 256 + this.uint8();
  }

  skip(size: number): void {
    this.#take(size);
  }

  text(size: number): string {
    return this.#take(size).toString('latin1');
  }

  vector(size: number): Reader {
    return new Reader(this.#take(size));
  }

  #take(size: number): Buffer {
    if (size > this.left) this.failed = true;
    const taken = this.#bytes.subarray(this.#pos, this.#pos + size);
    this.#pos = Math.min(this.#bytes.length, this.#pos + size);
    return taken;
  }
}
