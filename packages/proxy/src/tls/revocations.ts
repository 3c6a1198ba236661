// Lists of certificates that their authorities took back (RFC 5280 §5.1) → whether a certificate is on one of them.
import { derChildren, type DerElement, derElements, DerError } from './der.ts';
import { TlsConfigError } from './tls-config-error.ts';

export interface Revocations {
  /** False: none was taken back. */
  readonly any: boolean;
  /** By its issuer and serial number. Throws DerError on malformed bytes. */
  has(der: Buffer): boolean;
}

export const NO_REVOCATIONS: Revocations = { any: false, has: () => false };

const LIST = /-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]+)-----END X509 CRL-----/g;
const SEQUENCE = 0x30;
const INTEGER = 0x02;
/** [0] EXPLICIT Version of a certificate. */
const VERSION = 0xa0;
/** UTCTime and GeneralizedTime. */
const TIMES: readonly number[] = [0x17, 0x18];

/** `pem`: whose signatures were verified, or whose source is trusted. Throws TlsConfigError. */
export function revocations(pem: string | undefined): Revocations {
  if (pem === undefined) return NO_REVOCATIONS;
  const known = new Set<string>();
  try {
    for (const [, text] of pem.matchAll(LIST)) addRevoked(Buffer.from(text!, 'base64'), known);
  } catch (cause) {
    throw new TlsConfigError('BAD_CERTIFICATE', 'a revocation list is malformed', cause);
  }
  return known.size === 0 ? NO_REVOCATIONS : { any: true, has: (der) => known.has(keyOf(der)) };
}

/** TBSCertList: version, algorithm, issuer, thisUpdate, nextUpdate, revokedCertificates. */
function addRevoked(list: Buffer, known: Set<string>): void {
  const [content] = derChildren(list, SEQUENCE);
  const fields = childrenOf(content).filter(({ tag }) => tag !== INTEGER);
  const issuer = fields[1];
  const entries = fields.slice(3).find(({ tag }) => tag === SEQUENCE);
  if (!issuer || !TIMES.includes(fields[2]?.tag ?? 0)) throw new DerError('a list without an issuer or date');
  const revoked = entries ? derElements(entries.content) : [];
  for (const entry of revoked) known.add(key(issuer, childrenOf(entry)[0]));
}

/** TBSCertificate: version, serial number, algorithm, issuer. */
function keyOf(certificate: Buffer): string {
  const [content] = derChildren(certificate, SEQUENCE);
  const [serial, , issuer] = childrenOf(content).filter(({ tag }) => tag !== VERSION);
  return key(issuer, serial);
}

function key(issuer: DerElement | undefined, serial: DerElement | undefined): string {
  if (issuer?.tag !== SEQUENCE || serial?.tag !== INTEGER) throw new DerError('no issuer or serial number');
  return `${issuer.content.toString('hex')} ${serial.content.toString('hex')}`;
}

function childrenOf(element: DerElement | undefined): readonly DerElement[] {
  if (element?.tag !== SEQUENCE) throw new DerError('a sequence is missing');
  return derElements(element.content);
}
