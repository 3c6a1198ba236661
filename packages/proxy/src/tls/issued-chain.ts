// Completes a certificate chain that ends with its first certificate by the issuer among the roots.
import { X509Certificate } from 'node:crypto';
import type { KeyPair, TlsMaterial } from './tls-material.ts';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * OpenSSL looks for the issuer of a certificate that stands alone in every handshake, and verifies what it finds; given
 * both, it sends the same without a search. A chain of several is whole already.
 */
export function withIssuers({ keyPairs, trustedCa }: Pick<TlsMaterial, 'keyPairs' | 'trustedCa'>): readonly KeyPair[] {
  return keyPairs.map((pair) => ({ ...pair, certificateChain: issuedChain(pair.certificateChain, trustedCa) }));
}

function issuedChain(chain: string, roots: string | undefined): string {
  const own = chain.match(CERTIFICATE) ?? [];
  if (own.length !== 1 || roots === undefined) return chain;
  const certificate = new X509Certificate(own[0]);
  const issuer = roots.match(CERTIFICATE)?.find((root) => issued(root, certificate));
  return issuer === undefined ? chain : `${own[0]}\n${issuer}\n`;
}

function issued(root: string, certificate: X509Certificate): boolean {
  const issuer = new X509Certificate(root);
  return (
    issuer.raw.compare(certificate.raw) !== 0 && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
  );
}
