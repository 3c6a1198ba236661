// Attests a workload by the certificate that it holds: an X.509-SVID of our own authority.
import { X509Certificate } from 'node:crypto';
import type { Clock } from '@meltemi/base';
import type { Attestor } from './attestor.ts';
import type { CertificateAuthority } from './certificate-authority.ts';
import { IdentityError } from './identity-error.ts';
import { pemBlocks } from './pem.ts';
import type { Revocations } from './revocations.ts';
import { type Identity, spiffeId } from './spiffe-id.ts';

/** The connection's TLS must have shown that the caller holds the key of the certificate. */
export function certificateAttestor(options: {
  readonly authority: Pick<CertificateAuthority, 'roots' | 'intermediates' | 'trustDomain' | 'revocations'>;
  readonly clock: Clock;
}): Attestor {
  const { authority, clock } = options;
  let known = new KnownCertificates('', '');
  return {
    async attest({ peerCertificate }) {
      if (!peerCertificate) return undefined;
      const intermediates = authority.intermediates.join('');
      if (!known.holdsFor(authority.roots, intermediates))
        known = new KnownCertificates(authority.roots, intermediates);
      const { identity, path } = await known.look(peerCertificate);
      if (identity.trustDomain !== authority.trustDomain) throw refusal('another trust domain');
      const now = clock.now();
      for (const certificate of path) checkTime(certificate, now);
      checkRevocation(path[0]!, identity, authority.revocations);
      return identity;
    },
  };
}

/** Whose a certificate is, and its path: from the leaf to a root. */
interface KnownCertificate {
  readonly identity: Identity;
  readonly path: readonly X509Certificate[];
}

const MOST_KNOWN = 1024;

/** A caller shows one certificate with all its calls: its form and signatures are looked at once, its times and revocation always. */
class KnownCertificates {
  readonly #texts: readonly [roots: string, intermediates: string];
  readonly #roots: readonly X509Certificate[];
  readonly #intermediates: readonly X509Certificate[];
  readonly #known = new Map<string, KnownCertificate>();

  /** PEM. */
  constructor(roots: string, intermediates: string) {
    this.#texts = [roots, intermediates];
    this.#roots = certificatesOf(roots);
    this.#intermediates = certificatesOf(intermediates);
  }

  holdsFor(roots: string, intermediates: string): boolean {
    return this.#texts[0] === roots && this.#texts[1] === intermediates;
  }

  /** Rejects with IdentityError `BAD_PROOF`. Of those that are looked up, the one that came first goes first. */
  async look(der: Buffer): Promise<KnownCertificate> {
    const key = der.toString('latin1');
    const found = this.#known.get(key);
    if (found) return found;
    const identity = await identityOf(der);
    const seen = { identity, path: pathOf(new X509Certificate(der), this.#intermediates, this.#roots) };
    if (this.#known.size >= MOST_KNOWN) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(key, seen);
    return seen;
  }
}

function certificatesOf(pem: string): readonly X509Certificate[] {
  return pemBlocks(pem, 'CERTIFICATE').map((block) => new X509Certificate(block));
}

function checkRevocation(leaf: X509Certificate, identity: Identity, { certificates, identities }: Revocations): void {
  const serial = leaf.serialNumber.toLowerCase();
  if (certificates.some(({ serialNumber }) => serialNumber === serial)) throw refusal('revoked');
  if (identities.includes(spiffeId(identity))) throw refusal('its identity is revoked');
}

async function identityOf(peerCertificate: Buffer): Promise<Identity> {
  const { svidIdentity } = await import('./svid.ts');
  return svidIdentity(peerCertificate);
}

/** Up from the leaf by what we know ourselves; nothing that a caller sends is an issuer. */
function pathOf(
  leaf: X509Certificate,
  intermediates: readonly X509Certificate[],
  roots: readonly X509Certificate[],
): readonly X509Certificate[] {
  const path = [leaf];
  while (path.length <= intermediates.length + 1) {
    const last = path.at(-1)!;
    const root = roots.find((candidate) => isIssuedBy(last, candidate));
    if (root) return [...path, root];
    const next = intermediates.find((candidate) => isIssuedBy(last, candidate));
    if (!next) break;
    path.push(next);
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
