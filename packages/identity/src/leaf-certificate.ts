// Writes and signs a leaf (RFC 5280 §4) byte by byte: a control plane signs for a whole mesh, and a library's objects cost ten times as much.
import { createHash, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { DER_TAG, derBits, derChildren, derElement } from './der-reader.ts';
import { der, derBitString, derOid, derSequence } from './der.ts';
import type { Signer } from './signer.ts';

/** What stands in a leaf. Times in milliseconds since the epoch, cut to seconds in the certificate. */
export interface LeafContent {
  readonly publicKey: KeyObject;
  readonly names: readonly { readonly type: 'url' | 'dns' | 'ip'; readonly value: string }[];
  readonly client: boolean;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Context-specific tags of GeneralName (§4.2.1.6). */
const NAME_TAG = { dns: 0x82, url: 0x86, ip: 0x87 } as const;
const VERSION_3 = der(0xa0, der(0x02, Buffer.of(2)));
const NO_SUBJECT = derSequence();
const CRITICAL = der(0x01, Buffer.of(0xff));
const NOT_AN_AUTHORITY = extension('2.5.29.19', true, derSequence());
/** Bits 0 digitalSignature and 2 keyEncipherment, which RSA key exchange needs (§4.2.1.3). */
const SIGNS = extension('2.5.29.15', true, der(0x03, Buffer.of(7, 0x80)));
const SIGNS_AND_WRAPS = extension('2.5.29.15', true, der(0x03, Buffer.of(5, 0xa0)));
const SERVER_AUTH = derOid('1.3.6.1.5.5.7.3.1');
const CLIENT_AUTH = derOid('1.3.6.1.5.5.7.3.2');
const SERVER_PURPOSE = extension('2.5.29.37', false, derSequence(SERVER_AUTH));
const BOTH_PURPOSES = extension('2.5.29.37', false, derSequence(SERVER_AUTH, CLIENT_AUTH));
const ECDSA_SHA256 = derSequence(derOid('1.2.840.10045.4.3.2'));
const RSA_SHA256 = derSequence(derOid('1.2.840.113549.1.1.11'), der(0x05));

/** PEM of a leaf: no subject, so its names are critical (§4.2.1.6, X509-SVID §4). */
export function signLeaf(signer: Signer, leaf: LeafContent): { readonly pem: string; readonly serialNumber: string } {
  const serial = newSerialNumber();
  const algorithm = signer.privateKey.asymmetricKeyType === 'ec' ? ECDSA_SHA256 : RSA_SHA256;
  const key = leaf.publicKey.export({ type: 'spki', format: 'der' });
  const content = derSequence(
    VERSION_3,
    der(0x02, serial),
    algorithm,
    signer.subject,
    derSequence(time(leaf.notBefore), time(leaf.notAfter)),
    NO_SUBJECT,
    key,
    der(0xa3, derSequence(...extensions(leaf, key, signer))),
  );
  const signature = sign('sha256', content, { key: signer.privateKey, dsaEncoding: 'der' });
  return { pem: pemOf(derSequence(content, algorithm, derBitString(signature))), serialNumber: serial.toString('hex') };
}

function extensions(leaf: LeafContent, key: Buffer, signer: Signer): readonly Buffer[] {
  const keyId = createHash('sha1').update(keyBits(key)).digest();
  return [
    NOT_AN_AUTHORITY,
    leaf.publicKey.asymmetricKeyType === 'rsa' ? SIGNS_AND_WRAPS : SIGNS,
    leaf.client ? BOTH_PURPOSES : SERVER_PURPOSE,
    extension('2.5.29.14', false, der(0x04, keyId)),
    extension('2.5.29.35', false, derSequence(der(0x80, signer.keyId))),
    extension('2.5.29.17', true, derSequence(...leaf.names.map(nameOf))),
  ];
}

function extension(oid: string, critical: boolean, value: Buffer): Buffer {
  return derSequence(derOid(oid), ...(critical ? [CRITICAL] : []), der(0x04, value));
}

function nameOf({ type, value }: LeafContent['names'][number]): Buffer {
  return der(NAME_TAG[type], type === 'ip' ? addressBytes(value) : Buffer.from(value, 'latin1'));
}

function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  // The form of RFC 5952, in groups of digits alone.
  const groups = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = '', tail] = groups.split('::');
  const left = head.split(':').filter(Boolean);
  const right = (tail ?? '').split(':').filter(Boolean);
  const middle = tail === undefined ? [] : Array<string>(8 - left.length - right.length).fill('0');
  return Buffer.from([...left, ...middle, ...right].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

/** UTCTime until 2049, GeneralizedTime from then on (§4.1.2.5). */
function time(milliseconds: number): Buffer {
  const text = new Date(milliseconds).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return text < '2050' ? der(0x17, Buffer.from(text.slice(2))) : der(0x18, Buffer.from(text));
}

/** 128 random bits behind a byte that is set, so that all of them show. */
function newSerialNumber(): Buffer {
  const bytes = randomBytes(17);
  bytes[0] = 1;
  return bytes;
}

/** What key identifiers are made of: the bit string at the end of the key's DER, without its header (§4.2.1.2). */
function keyBits(spki: Buffer): Buffer {
  const [, bits] = derChildren(derElement(spki, DER_TAG.sequence));
  return derBits(bits);
}

function pemOf(certificate: Buffer): string {
  const lines = certificate.toString('base64').replaceAll(/.{1,64}/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}-----END CERTIFICATE-----\n`;
}
