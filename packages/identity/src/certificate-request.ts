// Makes a PKCS#10 request (RFC 2986) for an ECDSA key, with the SPIFFE ID it hopes for, in PEM.
import { type KeyObject, sign } from 'node:crypto';
import { der, derBitString, derOid, derSequence, derSet } from './der.ts';

export interface CertificateRequest {
  /** ECDSA. */
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** SPIFFE ID. Our authority takes the identity from the caller's proof; others may want to see it here. */
  readonly uri: string;
}

const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';
const SUBJECT_ALT_NAME = '2.5.29.17';
/** GeneralName choice [6] uniformResourceIdentifier, RFC 5280 §4.2.1.6. */
const URI_NAME = 0x86;

/** The request as PEM, signed with SHA-256. */
export function certificateRequest(request: CertificateRequest): string {
  const info = requestInfo(request);
  const algorithm = derSequence(derOid(ECDSA_WITH_SHA256));
  const signature = sign('sha256', info, { key: request.privateKey, dsaEncoding: 'der' });
  return pem(derSequence(info, algorithm, derBitString(signature)));
}

function requestInfo({ publicKey, uri }: CertificateRequest): Buffer {
  const version = der(0x02, Buffer.of(0));
  const emptySubject = derSequence();
  const key = publicKey.export({ type: 'spki', format: 'der' });
  const attribute = derSequence(derOid(EXTENSION_REQUEST), derSet(derSequence(subjectAltName(uri))));
  return derSequence(version, emptySubject, key, der(0xa0, attribute));
}

/** Critical, because the subject is empty (RFC 5280 §4.2.1.6). */
function subjectAltName(uri: string): Buffer {
  const names = derSequence(der(URI_NAME, Buffer.from(uri, 'latin1')));
  return derSequence(derOid(SUBJECT_ALT_NAME), der(0x01, Buffer.of(0xff)), der(0x04, names));
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').replaceAll(/.{1,64}/g, '$&\n');
  return `-----BEGIN CERTIFICATE REQUEST-----\n${lines}-----END CERTIFICATE REQUEST-----\n`;
}
