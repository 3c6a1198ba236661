// PEM of certificates → when the first of them ends.
import { X509Certificate } from 'node:crypto';
import { pemBlocks } from './pem.ts';

/** Milliseconds since the epoch; Infinity where there is none. */
export function certificatesEnd(pem: string): number {
  return Math.min(
    ...pemBlocks(pem, 'CERTIFICATE').map((block) => new X509Certificate(block).validToDate.getTime()),
    Infinity,
  );
}
