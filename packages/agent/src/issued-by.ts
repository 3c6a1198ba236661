// Says whether a certificate's chain ends at one of some roots.
import { X509Certificate } from 'node:crypto';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** PEM, the leaf first. Roots of one name are told apart by their keys. */
export function issuedByAny(chain: string, roots: string): boolean {
  const last = certificates(chain).at(-1);
  return (
    last !== undefined && certificates(roots).some((root) => last.checkIssued(root) && last.verify(root.publicKey))
  );
}

function certificates(pem: string): readonly X509Certificate[] {
  return Array.from(pem.match(CERTIFICATE) ?? [], (block) => new X509Certificate(block));
}
