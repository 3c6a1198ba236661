// The certificates of a TLS context, for who looks at them.
import type { TlsMaterial } from './tls-material.ts';

/** Certificates in use. PEM of certificates only: no key ever comes here. */
export interface CertificateSnapshot {
  readonly chainPem: string | undefined;
  readonly caPem: string | undefined;
}

export function certificateSnapshot({ keyPairs, trustedCa }: TlsMaterial): CertificateSnapshot {
  return { chainPem: keyPairs[0]?.certificateChain, caPem: trustedCa };
}
