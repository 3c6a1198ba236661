// A peer's certificate → the names by which rules and headers know it; remembered, for peers connect again and again.
import { createHash, X509Certificate } from 'node:crypto';
import { type CertificateNames, certificateNames } from './certificate-names.ts';

export interface PeerIdentity {
  readonly names: CertificateNames;
  /** As `X509Certificate` gives it: one part a line. */
  readonly subject: string;
  /** Of the whole certificate, hexadecimal. */
  readonly sha256: string;
}

/** Certificates that are remembered; the one that came first goes first. */
const MAX_KNOWN = 256;

const known = new Map<string, PeerIdentity>();

/** The same bytes give the same value. Throws DerError on malformed bytes or names with illegal characters. */
export function peerIdentity(der: Buffer): PeerIdentity {
  const key = der.toString('latin1');
  const found = known.get(key);
  if (found) return found;
  const identity = {
    names: certificateNames(der),
    subject: new X509Certificate(der).subject ?? '',
    sha256: createHash('sha256').update(der).digest('hex'),
  };
  if (known.size >= MAX_KNOWN) known.delete(known.keys().next().value!);
  known.set(key, identity);
  return identity;
}
