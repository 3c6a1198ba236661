// Attests a workload by the certificate that it holds: an X.509-SVID of our own authority.
import { X509Certificate } from 'node:crypto';
import type { Clock } from '@meltemi/base';
import type { Attestor } from './attestor.ts';
import type { CertificateAuthority } from './certificate-authority.ts';
import { IdentityError } from './identity-error.ts';
import { pemBlocks } from './pem.ts';
import type { Identity } from './spiffe-id.ts';

/** The connection's TLS must have shown that the caller holds the key of the certificate. */
export function certificateAttestor(options: {
  readonly authority: Pick<CertificateAuthority, 'roots' | 'intermediates' | 'trustDomain'>;
  readonly clock: Clock;
}): Attestor {
  const { authority, clock } = options;
  const roots = pemBlocks(authority.roots, 'CERTIFICATE').map((pem) => new X509Certificate(pem));
  const intermediates = authority.intermediates.map((pem) => new X509Certificate(pem));
  return {
    async attest({ peerCertificate }) {
      if (!peerCertificate) return undefined;
      const identity = await identityOf(peerCertificate);
      if (identity.trustDomain !== authority.trustDomain) throw refusal('another trust domain');
      checkPath(new X509Certificate(peerCertificate), intermediates, roots, clock.now());
      return identity;
    },
  };
}

async function identityOf(peerCertificate: Buffer): Promise<Identity> {
  const { svidIdentity } = await import('./svid.ts');
  return svidIdentity(peerCertificate);
}

/** Up from the leaf by what we know ourselves; nothing that a caller sends is an issuer. */
function checkPath(
  leaf: X509Certificate,
  intermediates: readonly X509Certificate[],
  roots: readonly X509Certificate[],
  now: number,
): void {
  let current = leaf;
  for (let depth = 0; depth <= intermediates.length; depth++) {
    checkTime(current, now);
    const child = current;
    const root = roots.find((candidate) => isIssuedBy(child, candidate));
    if (root) return checkTime(root, now);
    const next = intermediates.find((candidate) => isIssuedBy(child, candidate));
    if (!next) break;
    current = next;
  }
  throw refusal('it does not chain to our roots');
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function checkTime(certificate: X509Certificate, now: number): void {
  if (now < certificate.validFromDate.getTime()) throw refusal('not yet valid');
  if (now > certificate.validToDate.getTime()) throw refusal('expired');
}

function refusal(why: string): IdentityError {
  return new IdentityError('BAD_PROOF', `certificate: ${why}`);
}
