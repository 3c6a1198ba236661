// Turns a certificate's DER into the names and powers it carries: subject alternative names, CA flag, key usage.
import { type DerElement, derChildren, derElements, DerError } from './der.ts';

/** What RFC 5280 §4.2.1 extensions say. Names are compared as whole strings: a name with a NUL or non-ASCII byte is refused. */
export interface CertificateNames {
  readonly uris: readonly string[];
  readonly dns: readonly string[];
  /** Raw address bytes as hex: `7f000001`. */
  readonly ips: readonly string[];
  readonly emails: readonly string[];
  /** By their kind: its object identifier as dotted numbers, and the text. */
  readonly others: readonly OtherName[];
  readonly isCa: boolean;
  /** Bits of KeyUsage, first byte (0x80 digitalSignature, 0x04 keyCertSign, 0x02 cRLSign); undefined when absent. */
  readonly keyUsage: number | undefined;
}

export interface OtherName {
  readonly oid: string;
  readonly value: string;
}

const SEQUENCE = 0x30;
const OBJECT_IDENTIFIER = 0x06;
const BOOLEAN = 0x01;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
/** [3] EXPLICIT Extensions of TBSCertificate. */
const EXTENSIONS = 0xa3;
/** GeneralName choices (RFC 5280 §4.2.1.6), context-specific primitive. */
const OTHER_NAME = 0xa0;
const EMAIL = 0x81;
const DNS_NAME = 0x82;
const URI_NAME = 0x86;
const IP_ADDRESS = 0x87;

/** Object identifiers as hex of their DER content. */
const SUBJECT_ALT_NAME = '551d11';
const BASIC_CONSTRAINTS = '551d13';
const KEY_USAGE = '551d0f';

/** Reads the extensions. Throws DerError on malformed bytes, and on an extension that stands twice. */
export function certificateNames(der: Buffer): CertificateNames {
  const extensions = readExtensions(der);
  const names = extensions.get(SUBJECT_ALT_NAME);
  const constraints = extensions.get(BASIC_CONSTRAINTS);
  const usage = extensions.get(KEY_USAGE);
  const general = names ? derChildren(names, SEQUENCE) : [];
  return {
    uris: textNames(general, URI_NAME),
    dns: textNames(general, DNS_NAME),
    emails: textNames(general, EMAIL),
    others: general.filter((name) => name.tag === OTHER_NAME).map(otherName),
    ips: general.filter((name) => name.tag === IP_ADDRESS).map((name) => name.content.toString('hex')),
    isCa: constraints ? readIsCa(constraints) : false,
    keyUsage: usage ? readKeyUsage(usage) : undefined,
  };
}

function readExtensions(der: Buffer): ReadonlyMap<string, Buffer> {
  const certificate = derChildren(der, SEQUENCE);
  const body = certificate[0];
  if (!body || body.tag !== SEQUENCE) throw new DerError('certificate without a body');
  const wrapper = derElements(body.content).find((element) => element.tag === EXTENSIONS);
  const found = new Map<string, Buffer>();
  for (const extension of wrapper ? derChildren(wrapper.content, SEQUENCE) : []) addExtension(found, extension);
  return found;
}

function addExtension(found: Map<string, Buffer>, extension: DerElement): void {
  const [id, ...rest] = derElements(extension.content);
  const value = rest.at(-1);
  if (id?.tag !== OBJECT_IDENTIFIER || value?.tag !== OCTET_STRING) throw new DerError('malformed extension');
  const name = id.content.toString('hex');
  if (found.has(name)) throw new DerError('an extension stands twice');
  found.set(name, value.content);
}

function textNames(general: readonly DerElement[], tag: number): readonly string[] {
  return general.filter((name) => name.tag === tag).map((name) => asciiName(name.content));
}

/** OtherName: type-id OBJECT IDENTIFIER, value [0] EXPLICIT; of the value, what a string type holds. */
function otherName({ content }: DerElement): OtherName {
  const [id, wrapper] = derElements(content);
  const value = wrapper && derElements(wrapper.content)[0];
  if (id?.tag !== OBJECT_IDENTIFIER || !value) throw new DerError('malformed other name');
  if (value.content.includes(0)) throw new DerError('a name has an illegal byte');
  return { oid: dottedOid(id.content), value: value.content.toString('utf8') };
}

function dottedOid(content: Buffer): string {
  const numbers: bigint[] = [];
  let number = 0n;
  for (const byte of content) {
    number = (number << 7n) | BigInt(byte & 127);
    if (byte & 128) continue;
    numbers.push(number);
    number = 0n;
  }
  const first = numbers.shift() ?? 0n;
  const root = first < 80n ? first / 40n : 2n;
  return [root, first - root * 40n, ...numbers].join('.');
}

function asciiName(content: Buffer): string {
  for (const byte of content) if (byte <= 0x20 || byte >= 0x7f) throw new DerError('a name has an illegal byte');
  return content.toString('latin1');
}

function readIsCa(extension: Buffer): boolean {
  const first = derChildren(extension, SEQUENCE)[0];
  return first?.tag === BOOLEAN && first.content[0] !== 0;
}

function readKeyUsage(extension: Buffer): number {
  const bits = derElements(extension)[0];
  if (bits?.tag !== BIT_STRING) throw new DerError('malformed key usage');
  return bits.content[1] ?? 0;
}
