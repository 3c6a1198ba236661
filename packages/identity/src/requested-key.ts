// Turns a PEM signing request into the public key that it proves to hold. Names in a request are never read.
import { createPublicKey, type KeyObject } from 'node:crypto';
import { IdentityError } from './identity-error.ts';
import { pemBlocks } from './pem.ts';
import { Pkcs10CertificateRequest } from './x509.ts';

const MAX_CSR_BYTES = 64 * 1024;
const MIN_RSA_BITS = 2048;
/** Verifying and handling a longer key costs more than it protects. */
const MAX_RSA_BITS = 8192;
const CURVES = new Set(['prime256v1', 'secp384r1']);

/** Throws IdentityError `BAD_CSR` or `BAD_KEY`. */
export async function requestedKey(csr: string): Promise<KeyObject> {
  const request = parseRequest(csr);
  const key = publicKeyOf(request);
  if (!isStrong(key))
    throw new IdentityError('BAD_KEY', 'the key must be ECDSA P-256 or P-384, or RSA of 2048 bits or more');
  if (!(await isSigned(request))) throw new IdentityError('BAD_CSR', 'the signature of the request is wrong');
  return key;
}

function parseRequest(csr: string): Pkcs10CertificateRequest {
  if (Buffer.byteLength(csr) > MAX_CSR_BYTES) throw new IdentityError('BAD_CSR', 'the request is larger than 64 KiB');
  const [block, ...further] = pemBlocks(csr, 'CERTIFICATE REQUEST');
  if (!block || further.length > 0) throw new IdentityError('BAD_CSR', 'expected one PEM certificate request');
  try {
    return new Pkcs10CertificateRequest(block);
  } catch (cause) {
    throw new IdentityError('BAD_CSR', 'the request is malformed', { cause });
  }
}

function publicKeyOf(request: Pkcs10CertificateRequest): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(request.publicKey.rawData), format: 'der', type: 'spki' });
  } catch (cause) {
    throw new IdentityError('BAD_KEY', 'the key is malformed', { cause });
  }
}

function isStrong(key: KeyObject): boolean {
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'ec') return CURVES.has(namedCurve ?? '');
  return key.asymmetricKeyType === 'rsa' && modulusLength >= MIN_RSA_BITS && modulusLength <= MAX_RSA_BITS;
}

async function isSigned(request: Pkcs10CertificateRequest): Promise<boolean> {
  try {
    return await request.verify();
  } catch {
    return false;
  }
}
