// Judges a certificate by fingerprints that are named: of the certificate, or of its public key; one of them must be its own.
import { createHash, X509Certificate } from 'node:crypto';
import type { CertificateValidationContext } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/common_pb';
import { TlsConfigError } from './tls-config-error.ts';

export interface CertificatePins {
  /** Why the certificate is none of those named, or undefined. */
  refuse(der: Buffer): string | undefined;
  /** False: any certificate will do. */
  readonly any: boolean;
}

export const NO_PINS: CertificatePins = { any: false, refuse: () => undefined };

/** Throws TlsConfigError for a fingerprint that is none. */
export function certificatePins(contexts: readonly (CertificateValidationContext | undefined)[]): CertificatePins {
  const hashes = new Set(contexts.flatMap((context) => context?.verifyCertificateHash ?? []).map(hexHash));
  const keys = new Set(contexts.flatMap((context) => context?.verifyCertificateSpki ?? []).map(keyHash));
  if (hashes.size === 0 && keys.size === 0) return NO_PINS;
  return {
    any: true,
    refuse(der) {
      if (hashes.has(createHash('sha256').update(der).digest('hex'))) return undefined;
      const key = new X509Certificate(der).publicKey.export({ type: 'spki', format: 'der' });
      return keys.has(createHash('sha256').update(key).digest('base64'))
        ? undefined
        : 'not a certificate that is named';
    },
  };
}

/** `DF:6F:…` or the same without colons. */
function hexHash(text: string): string {
  const hash = text.replaceAll(':', '').toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(hash)) throw new TlsConfigError('BAD_SECRET', 'verify_certificate_hash is no SHA-256');
  return hash;
}

function keyHash(text: string): string {
  if (Buffer.from(text, 'base64').length !== 32)
    throw new TlsConfigError('BAD_SECRET', 'verify_certificate_spki is no SHA-256 in base64');
  return text;
}
