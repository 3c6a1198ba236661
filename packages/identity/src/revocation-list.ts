// Signs the list of certificates that a signer took back (RFC 5280 §5).
import type { RevokedCertificate } from './revocations.ts';
import { type Signer, signatureAlgorithm, webKey } from './signer.ts';
import {
  AuthorityKeyIdentifierExtension,
  Extension,
  ParsedCertificate,
  X509CrlGenerator,
  X509CrlReason,
} from './x509.ts';

export interface RevocationListContent {
  readonly certificates: readonly RevokedCertificate[];
  /** Milliseconds since the epoch; peers refuse every certificate when no list is in force. */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
}

const CRL_NUMBER = '2.5.29.20';

/** PEM. Whose certificate a serial number was is not asked: ours are random, and no two are the same. */
export async function signRevocationList(signer: Signer, content: RevocationListContent): Promise<string> {
  const issuer = new ParsedCertificate(signer.certificate);
  const list = await X509CrlGenerator.create({
    issuer: issuer.subjectName,
    thisUpdate: new Date(content.thisUpdate),
    nextUpdate: new Date(content.nextUpdate),
    entries: content.certificates.map(({ serialNumber, revokedAt }) => ({
      serialNumber: serialNumber.length % 2 === 0 ? serialNumber : `0${serialNumber}`,
      revocationDate: new Date(revokedAt),
      reason: X509CrlReason.privilegeWithdrawn,
    })),
    // Two roots may have one name: the key's identifier tells whose list it is.
    extensions: [await AuthorityKeyIdentifierExtension.create(issuer.publicKey), numberOf(content.thisUpdate)],
    signingKey: webKey(signer.privateKey),
    signingAlgorithm: signatureAlgorithm(signer.privateKey),
  });
  return pemOf(Buffer.from(list.rawData));
}

/** Grows with time; DER of an INTEGER (§5.2.3). */
function numberOf(thisUpdate: number): Extension {
  const seconds = Buffer.from(
    Math.floor(thisUpdate / 1000)
      .toString(16)
      .padStart(12, '0'),
    'hex',
  );
  const digits = seconds.subarray(seconds.findIndex((byte) => byte !== 0));
  const value = digits[0]! < 0x80 ? digits : Buffer.concat([Buffer.of(0), digits]);
  return new Extension(CRL_NUMBER, false, Buffer.concat([Buffer.of(2, value.length), value]));
}

/** The library's own label is not that of RFC 7468 §6, and OpenSSL reads no other. */
function pemOf(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN X509 CRL-----', ...lines, '-----END X509 CRL-----', ''].join('\n');
}
