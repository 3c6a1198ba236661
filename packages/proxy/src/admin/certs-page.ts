// Shows the certificates in use as Envoy's `/certs` does.
// https://www.envoyproxy.io/docs/envoy/latest/operations/admin#get--certs
import { X509Certificate } from 'node:crypto';
import { dnsSans, uriSans } from '../tls/peer-certificate.ts';
import type { CertificateSnapshot } from '../tls/certificate-snapshot.ts';

const DAY_MS = 86_400_000;

/** The JSON of envoy.admin.v3.Certificates at a time in epoch milliseconds. */
export function certsJson(certificates: readonly CertificateSnapshot[], nowMs: number): object {
  return {
    certificates: certificates.map(({ caPem, chainPem }) => ({
      ca_cert: details(caPem, nowMs),
      cert_chain: details(chainPem, nowMs),
    })),
  };
}

function details(pem: string | undefined, nowMs: number): readonly object[] {
  const blocks = pem?.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => certificateJson(new X509Certificate(block), nowMs));
}

function certificateJson(certificate: X509Certificate, nowMs: number): object {
  const expires = Date.parse(certificate.validTo);
  return {
    path: '<inline>',
    serial_number: certificate.serialNumber.toLowerCase(),
    subject_alt_names: subjectAltNames(certificate.raw),
    days_until_expiration: String(Math.max(0, Math.floor((expires - nowMs) / DAY_MS))),
    valid_from: new Date(certificate.validFrom).toISOString(),
    expiration_time: new Date(expires).toISOString(),
  };
}

function subjectAltNames(der: Buffer): readonly object[] {
  return [...uriSans(der).map((uri) => ({ uri })), ...dnsSans(der).map((dns) => ({ dns }))];
}
