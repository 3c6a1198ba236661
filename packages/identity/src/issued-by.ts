// Says whether a certificate's chain ends at one of some roots.
import { X509Certificate } from 'node:crypto';
import { pemBlocks } from './pem.ts';

/** PEM, the leaf first. Roots of one name are told apart by their keys. */
export function issuedByAny(chain: string, roots: string): boolean {
  const last = certificates(chain).at(-1);
  return (
    last !== undefined && certificates(roots).some((root) => last.checkIssued(root) && last.verify(root.publicKey))
  );
}

function certificates(pem: string): readonly X509Certificate[] {
  return pemBlocks(pem, 'CERTIFICATE').map((block) => new X509Certificate(block));
}
