// Turns a certificate's DER into the identity it names, when it is an X.509-SVID by the letter.
// https://github.com/spiffe/spiffe/blob/main/standards/X509-SVID.md §2–§5
import { IdentityError } from './identity-error.ts';
import { type Identity, parseSpiffeId } from './spiffe-id.ts';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  ParsedCertificate,
  SubjectAlternativeNameExtension,
} from './x509.ts';

const CA_USAGES = KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign;

/** Throws IdentityError `BAD_PROOF`. Says nothing about who signed it, or when it is valid. */
export function svidIdentity(der: Buffer): Identity {
  const certificate = parse(der);
  if (isRepeated(certificate)) throw refusal('an extension stands twice');
  if (!isLeaf(certificate)) throw refusal('it is an authority, not a leaf');
  if (!maySign(certificate)) throw refusal('its key usage is not for TLS');
  if (!isForBothSides(certificate)) throw refusal('its extended key usage is not for client and server');
  return onlyUri(certificate);
}

function parse(der: Buffer): ParsedCertificate {
  try {
    return new ParsedCertificate(new Uint8Array(der));
  } catch (cause) {
    throw new IdentityError('BAD_PROOF', 'certificate: malformed', { cause });
  }
}

function isRepeated(certificate: ParsedCertificate): boolean {
  return new Set(certificate.extensions.map((extension) => extension.type)).size < certificate.extensions.length;
}

function isLeaf(certificate: ParsedCertificate): boolean {
  return certificate.getExtension(BasicConstraintsExtension)?.ca !== true;
}

function maySign(certificate: ParsedCertificate): boolean {
  const usages = certificate.getExtension(KeyUsagesExtension);
  if (!usages?.critical) return false;
  return (usages.usages & KeyUsageFlags.digitalSignature) !== 0 && (usages.usages & CA_USAGES) === 0;
}

function isForBothSides(certificate: ParsedCertificate): boolean {
  const purposes = certificate.getExtension(ExtendedKeyUsageExtension)?.usages;
  return !purposes || [ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth].every((one) => purposes.includes(one));
}

function onlyUri(certificate: ParsedCertificate): Identity {
  const names = certificate.getExtension(SubjectAlternativeNameExtension);
  const [uri, ...further] = names?.names.items.filter((name) => name.type === 'url') ?? [];
  if (!uri || further.length > 0) throw refusal('it must have exactly one URI name');
  const identity = parseSpiffeId(uri.value);
  if (!identity) throw refusal('its URI is not the SPIFFE ID of a workload');
  if (!names?.critical && certificate.subject === '')
    throw refusal('its subject is empty and its names are not critical');
  return identity;
}

function refusal(why: string): IdentityError {
  return new IdentityError('BAD_PROOF', `certificate: ${why}`);
}
