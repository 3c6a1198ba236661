// Makes roots, and reads the keys and certificates that sign. The X.509 library is heavy: it is loaded when a root is made.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  randomBytes,
  type webcrypto,
  X509Certificate,
} from 'node:crypto';
import { DER_TAG, derBits, derChildren, derElement, type DerElement, expectTag } from './der-reader.ts';
import { derOid } from './der.ts';

/** The key and the certificate that sign. */
export interface Signer {
  readonly privateKey: KeyObject;
  /** PEM. */
  readonly certificate: string;
  /** Milliseconds since the epoch. */
  readonly notAfter: number;
  /** DER of its name, as it stands in what it signs. */
  readonly subject: Buffer;
  /** Its subject key identifier, or the digest that stands for one (RFC 5280 §4.2.1.2). */
  readonly keyId: Buffer;
}

/** PEM of a root for the key, named for its trust domain. */
export async function signRoot(privateKey: KeyObject, root: RootContent): Promise<string> {
  const x509 = await import('./x509.ts');
  const publicKey = createPublicKey(privateKey);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerialNumber(),
    subject: [{ O: [root.organization] }],
    issuer: [{ O: [root.organization] }],
    notBefore: new Date(root.notBefore),
    notAfter: new Date(root.notAfter),
    signingKey: webKey(privateKey),
    signingAlgorithm: signatureAlgorithm(privateKey),
    publicKey: spki(publicKey),
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(spki(publicKey)),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}

export interface RootContent {
  readonly organization: string;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Reads a signer from PEM; throws when the key is not the certificate's. */
export function readSigner(key: string, certificate: string): Signer {
  const privateKey = createPrivateKey(key);
  const parsed = new X509Certificate(certificate);
  if (!parsed.checkPrivateKey(privateKey)) throw new Error('the key is not the key of the certificate');
  return { privateKey, certificate, notAfter: parsed.validToDate.getTime(), ...namesOf(parsed.raw) };
}

const SUBJECT_KEY_ID = derOid('2.5.29.14');

/** TBSCertificate (§4.1.2): version, serial number, algorithm, issuer, validity, subject, key, extensions in `[3]`. */
function namesOf(certificate: Buffer): Pick<Signer, 'subject' | 'keyId'> {
  const [content] = derChildren(derElement(certificate, DER_TAG.sequence));
  const fields = derChildren(expectTag(content, DER_TAG.sequence));
  const [subject, key] = [expectTag(fields[5], DER_TAG.sequence), expectTag(fields[6], DER_TAG.sequence)];
  const extensions = fields.find(({ tag }) => tag === EXTENSIONS_TAG);
  return { subject: subject.raw, keyId: (extensions && writtenKeyId(extensions)) ?? keyIdOf(key) };
}

function writtenKeyId(extensions: DerElement): Buffer | undefined {
  const [list] = derChildren(extensions);
  const found = derChildren(expectTag(list, DER_TAG.sequence))
    .map((extension) => derChildren(extension))
    .find(([oid]) => oid?.raw.equals(SUBJECT_KEY_ID));
  const value = found?.at(-1);
  return value && derElement(expectTag(value, DER_TAG.octetString).content, DER_TAG.octetString).content;
}

function keyIdOf(key: DerElement): Buffer {
  return createHash('sha1')
    .update(derBits(derChildren(key)[1]))
    .digest();
}

const EXTENSIONS_TAG = 0xa3;

/** 128 random bits, in hex; the first is set so that all of them show. */
function newSerialNumber(): string {
  const bytes = randomBytes(17);
  bytes[0] = 1;
  return bytes.toString('hex');
}

function spki(key: KeyObject): ArrayBuffer {
  return Uint8Array.from(key.export({ type: 'spki', format: 'der' })).buffer;
}

export function webKey(key: KeyObject): webcrypto.CryptoKey {
  const { namedCurve } = key.asymmetricKeyDetails ?? {};
  const curve = namedCurve === 'secp384r1' ? 'P-384' : 'P-256';
  const algorithm =
    key.asymmetricKeyType === 'ec'
      ? { name: 'ECDSA', namedCurve: curve }
      : { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  return key.toCryptoKey(algorithm, false, ['sign']);
}

export function signatureAlgorithm(key: KeyObject): { name: string; hash: string } {
  return { name: key.asymmetricKeyType === 'ec' ? 'ECDSA' : 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
}
