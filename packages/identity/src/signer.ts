// Turns a public key and names into a certificate, signed by the authority's key.
import {
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  randomBytes,
  type webcrypto,
  X509Certificate,
} from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  ParsedCertificate,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from './x509.ts';

/** The key and the certificate that sign. */
export interface Signer {
  readonly privateKey: KeyObject;
  /** PEM. */
  readonly certificate: string;
  /** Milliseconds since the epoch. */
  readonly notAfter: number;
}

/** What stands in a leaf. Times in milliseconds since the epoch, cut to seconds in the certificate. */
export interface LeafContent {
  readonly publicKey: KeyObject;
  readonly names: readonly { readonly type: 'url' | 'dns' | 'ip'; readonly value: string }[];
  readonly client: boolean;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** PEM of a leaf: no subject, so its names are critical (RFC 5280 §4.2.1.6, X509-SVID §4). */
export async function signLeaf(signer: Signer, leaf: LeafContent): Promise<{ pem: string; serialNumber: string }> {
  const issuer = new ParsedCertificate(signer.certificate);
  const signingKey = webKey(signer.privateKey);
  const serialNumber = newSerialNumber();
  const certificate = await X509CertificateGenerator.create({
    serialNumber,
    issuer: issuer.subjectName,
    notBefore: new Date(leaf.notBefore),
    notAfter: new Date(leaf.notAfter),
    signingKey,
    signingAlgorithm: signatureAlgorithm(signer.privateKey),
    publicKey: spki(leaf.publicKey),
    extensions: await leafExtensions(leaf, issuer),
  });
  return { pem: `${certificate.toString('pem')}\n`, serialNumber };
}

/** PEM of a root for the key, named for its trust domain. */
export async function signRoot(privateKey: KeyObject, root: RootContent): Promise<string> {
  const publicKey = createPublicKey(privateKey);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: newSerialNumber(),
    subject: [{ O: [root.organization] }],
    issuer: [{ O: [root.organization] }],
    notBefore: new Date(root.notBefore),
    notAfter: new Date(root.notAfter),
    signingKey: webKey(privateKey),
    signingAlgorithm: signatureAlgorithm(privateKey),
    publicKey: spki(publicKey),
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(spki(publicKey)),
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
  return { privateKey, certificate, notAfter: parsed.validToDate.getTime() };
}

async function leafExtensions(leaf: LeafContent, issuer: ParsedCertificate): Promise<Extension[]> {
  const purposes = leaf.client
    ? [ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]
    : [ExtendedKeyUsage.serverAuth];
  return [
    new BasicConstraintsExtension(false, undefined, true),
    leafUsage(leaf.publicKey),
    new ExtendedKeyUsageExtension(purposes),
    await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    new SubjectAlternativeNameExtension([...leaf.names], true),
  ];
}

function leafUsage(key: KeyObject): KeyUsagesExtension {
  return key.asymmetricKeyType === 'rsa'
    ? new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment, true)
    : new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true);
}

/** 128 random bits, in hex; the first is set so that all of them show. */
function newSerialNumber(): string {
  const bytes = randomBytes(17);
  bytes[0] = 1;
  return bytes.toString('hex');
}

function spki(key: KeyObject): ArrayBuffer {
  return Uint8Array.from(key.export({ type: 'spki', format: 'der' })).buffer;
}

function webKey(key: KeyObject): webcrypto.CryptoKey {
  const { namedCurve } = key.asymmetricKeyDetails ?? {};
  const curve = namedCurve === 'secp384r1' ? 'P-384' : 'P-256';
  const algorithm =
    key.asymmetricKeyType === 'ec'
      ? { name: 'ECDSA', namedCurve: curve }
      : { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  return key.toCryptoKey(algorithm, false, ['sign']);
}

function signatureAlgorithm(key: KeyObject): { name: string; hash: string } {
  return { name: key.asymmetricKeyType === 'ec' ? 'ECDSA' : 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
}
