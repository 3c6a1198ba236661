// Turns a PEM signing request (RFC 2986) into the public key that it proves to hold. Names in a request are never read.
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { DER_TAG, derBits, derChildren, derElement, expectTag } from './der-reader.ts';
import { derOid } from './der.ts';
import { IdentityError } from './identity-error.ts';
import { pemBlocks } from './pem.ts';

const MAX_CSR_BYTES = 64 * 1024;
const MIN_RSA_BITS = 2048;
/** Verifying and handling a longer key costs more than it protects. */
const MAX_RSA_BITS = 8192;
const CURVES = new Set(['prime256v1', 'secp384r1']);
/** By the object identifier of the signature, in hex of its DER. RFC 5758 §3.2, RFC 8017 §A.2.4. */
const HASHES: ReadonlyMap<string, { readonly type: string; readonly hash: string }> = new Map(
  [
    ['1.2.840.10045.4.3.2', 'ec', 'sha256'],
    ['1.2.840.10045.4.3.3', 'ec', 'sha384'],
    ['1.2.840.10045.4.3.4', 'ec', 'sha512'],
    ['1.2.840.113549.1.1.11', 'rsa', 'sha256'],
    ['1.2.840.113549.1.1.12', 'rsa', 'sha384'],
    ['1.2.840.113549.1.1.13', 'rsa', 'sha512'],
  ].map(([oid, type, hash]) => [derOid(oid!).toString('hex'), { type: type!, hash: hash! }]),
);

/** What is signed, by what, and the key that it is about. */
interface SigningRequest {
  readonly info: Buffer;
  readonly key: Buffer;
  /** DER of the object identifier. */
  readonly algorithm: Buffer;
  readonly signature: Buffer;
}

/** Throws IdentityError `BAD_CSR` or `BAD_KEY`. */
export function requestedKey(csr: string): KeyObject {
  const request = parseRequest(csr);
  const key = publicKeyOf(request);
  if (!isStrong(key))
    throw new IdentityError('BAD_KEY', 'the key must be ECDSA P-256 or P-384, or RSA of 2048 bits or more');
  if (!isSigned(request, key)) throw new IdentityError('BAD_CSR', 'the signature of the request is wrong');
  return key;
}

function parseRequest(csr: string): SigningRequest {
  if (Buffer.byteLength(csr) > MAX_CSR_BYTES) throw new IdentityError('BAD_CSR', 'the request is larger than 64 KiB');
  const [block, ...further] = pemBlocks(csr, 'CERTIFICATE REQUEST');
  if (!block || further.length > 0) throw new IdentityError('BAD_CSR', 'expected one PEM certificate request');
  try {
    return readRequest(Buffer.from(block.replaceAll(/-----[^-]+-----/g, ''), 'base64'));
  } catch (cause) {
    throw new IdentityError('BAD_CSR', 'the request is malformed', { cause });
  }
}

function readRequest(bytes: Buffer): SigningRequest {
  const [info, algorithm, signature] = derChildren(derElement(bytes, DER_TAG.sequence));
  const [version, subject, key] = derChildren(expectTag(info, DER_TAG.sequence));
  expectTag(version, DER_TAG.integer);
  expectTag(subject, DER_TAG.sequence);
  const [oid] = derChildren(expectTag(algorithm, DER_TAG.sequence));
  return {
    info: info!.raw,
    key: expectTag(key, DER_TAG.sequence).raw,
    algorithm: expectTag(oid, DER_TAG.oid).raw,
    signature: derBits(signature),
  };
}

function publicKeyOf({ key }: SigningRequest): KeyObject {
  try {
    return createPublicKey({ key, format: 'der', type: 'spki' });
  } catch (cause) {
    throw new IdentityError('BAD_KEY', 'the key is malformed', { cause });
  }
}

function isStrong(key: KeyObject): boolean {
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'ec') return CURVES.has(namedCurve ?? '');
  return key.asymmetricKeyType === 'rsa' && modulusLength >= MIN_RSA_BITS && modulusLength <= MAX_RSA_BITS;
}

function isSigned({ info, algorithm, signature }: SigningRequest, key: KeyObject): boolean {
  const known = HASHES.get(algorithm.toString('hex'));
  if (!known || known.type !== key.asymmetricKeyType) return false;
  try {
    return verify(known.hash, info, { key, dsaEncoding: 'der' }, signature);
  } catch {
    return false;
  }
}
