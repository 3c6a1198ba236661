// Turns a peer's certificate into a verdict: SPIFFE's rules for an SVID, then the SAN matchers of a validation context.
import type { X509Certificate } from 'node:crypto';
import { type CertificateNames, certificateNames } from './certificate-names.ts';
import { type CertificatePins, NO_PINS } from './certificate-pins.ts';
import { peerIdentity } from './peer-identity.ts';
import type { Revocations } from './revocations.ts';
import type { TrustBundles } from './trust-bundles.ts';

/** Says whether a certificate has a name that is wanted. */
export type SanMatcher = (names: CertificateNames) => boolean;

/** What a certificate must be besides being signed by a root. */
export interface PeerRules {
  readonly sanMatchers: readonly SanMatcher[];
  readonly pins: CertificatePins;
  /** Undefined: none was taken back. */
  readonly revocations?: Revocations;
  /** Undefined: whichever root vouches for it. */
  readonly bundles?: TrustBundles | undefined;
}

/** chain: no valid certificate of the roots. san: no wanted name. hash: not one of the certificates or keys that are named. */
export type RefusalKind = 'chain' | 'san' | 'hash';

export interface PeerRefusal {
  readonly kind: RefusalKind;
  readonly reason: string;
}

/** The judgement of `refusePeer`, of bundles and of pins, with its kind. Without issuers the chain was judged before. */
export function judgePeer(
  der: Buffer,
  { sanMatchers, pins, bundles, revocations }: PeerRules,
  issuers?: () => readonly X509Certificate[],
): PeerRefusal | undefined {
  let names: CertificateNames;
  try {
    ({ names } = peerIdentity(der));
  } catch (error) {
    return { kind: 'chain', reason: `malformed certificate: ${(error as Error).message}` };
  }
  const svid = refuseSvid(names);
  if (svid !== undefined) return { kind: 'chain', reason: svid };
  if (revocations?.has(der)) return { kind: 'chain', reason: 'the certificate was revoked' };
  const domain = issuers && bundles?.refuse(der, issuers());
  if (domain !== undefined) return { kind: 'chain', reason: domain };
  const san = refuseSans(names, sanMatchers);
  if (san !== undefined) return { kind: 'san', reason: san };
  const pin = pins.refuse(der);
  return pin === undefined ? undefined : { kind: 'hash', reason: pin };
}

/** The URI SANs of a certificate, in order. Throws DerError on malformed bytes or names with illegal characters. */
export function uriSans(der: Buffer): readonly string[] {
  return certificateNames(der).uris;
}

/** The DNS SANs of a certificate, in order. Throws like `uriSans`. */
export function dnsSans(der: Buffer): readonly string[] {
  return certificateNames(der).dns;
}

/**
 * Why a peer whose chain was verified already is refused, or undefined when it is accepted. A certificate that claims a
 * SPIFFE id must be a valid SVID; with matchers, one of them must match (Envoy: any of match_typed_subject_alt_names).
 */
export function refusePeer(der: Buffer, matchers: readonly SanMatcher[]): string | undefined {
  return judgePeer(der, { sanMatchers: matchers, pins: NO_PINS })?.reason;
}

/** https://github.com/spiffe/spiffe/blob/main/standards/X509-SVID.md §2-5: one URI SAN, a leaf that can't sign others. */
export function refuseSvid(names: CertificateNames): string | undefined {
  if (!names.uris.some((uri) => /^spiffe:/i.test(uri))) return undefined;
  if (names.uris.length !== 1) return `SVID with ${names.uris.length} URI names`;
  if (names.isCa) return 'SVID that is a certificate authority';
  if (names.keyUsage !== undefined && (names.keyUsage & 0x06) !== 0) return 'SVID that may sign certificates';
  return isSpiffeId(names.uris[0]!) ? undefined : `malformed SPIFFE id ${names.uris[0]}`;
}

/** https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md §2: lower-case trust domain, a path without dot segments. */
export function isSpiffeId(uri: string): boolean {
  if (uri.length > 2048) return false;
  const match = /^spiffe:\/\/[a-z0-9._-]{1,255}((?:\/[A-Za-z0-9._-]+)+)$/.exec(uri);
  return match !== null && !match[1]!.split('/').some((segment) => segment === '.' || segment === '..');
}

function refuseSans(names: CertificateNames, matchers: readonly SanMatcher[]): string | undefined {
  if (matchers.length === 0 || matchers.some((matches) => matches(names))) return undefined;
  const shown = [...names.uris, ...names.dns].join(', ') || 'none';
  return `no wanted subject alternative name (the certificate has ${shown})`;
}
