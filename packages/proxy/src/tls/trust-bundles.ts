// Judges a peer by the roots of its own trust domain: no authority speaks for the workloads of another.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/transport_sockets/tls/v3/tls_spiffe_validator_config.proto
import { X509Certificate } from 'node:crypto';
import { unpackAny } from '@meltemi/api';
import type { CertificateValidationContext } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/common_pb';
import {
  type SPIFFECertValidatorConfig,
  SPIFFECertValidatorConfigSchema,
} from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/tls_spiffe_validator_config_pb';
import { readDataSource } from './data-source.ts';
import { peerIdentity } from './peer-identity.ts';
import { TlsConfigError } from './tls-config-error.ts';

export interface TrustBundles {
  /** Other where a root or its domain is another. */
  readonly name: string;
  /** PEM of the roots of all domains: what a handshake is verified by before the domain is known. */
  readonly roots: string;
  /** Why a peer that one of the roots vouches for is refused, or undefined. `issuers`: what it sent after its own certificate. */
  refuse(der: Buffer, issuers: readonly X509Certificate[]): string | undefined;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const LONGEST_PATH = 8;

/** Undefined where a context names no validator. Throws TlsConfigError for another one than SPIFFE's. */
export function trustBundles(context: CertificateValidationContext | undefined): TrustBundles | undefined {
  const typed = context?.customValidatorConfig?.typedConfig;
  if (!context?.customValidatorConfig) return undefined;
  const config = typed && unpackAny(typed, SPIFFECertValidatorConfigSchema);
  if (!config)
    throw new TlsConfigError('UNSUPPORTED_TLS_FIELD', `custom_validator_config: ${typed?.typeUrl ?? 'no type'}`);
  return compile(config);
}

function compile(config: SPIFFECertValidatorConfig): TrustBundles {
  const domains = new Map<string, readonly X509Certificate[]>();
  for (const { name, trustBundle } of config.trustDomains) {
    if (domains.has(name)) throw new TlsConfigError('BAD_CERTIFICATE', `trust domain ${name} stands twice`);
    domains.set(name, certificates(name, readDataSource(trustBundle) ?? ''));
  }
  if (domains.size === 0) throw new TlsConfigError('BAD_CERTIFICATE', 'the SPIFFE validator names no trust domain');
  const all = [...domains.values()].flat().map((root) => root.toString());
  return {
    name: JSON.stringify([...domains].map(([name, roots]) => [name, roots.map((root) => root.fingerprint256)])),
    roots: [...new Set(all)].join(''),
    refuse(der, issuers) {
      const uri = peerIdentity(der).names.uris[0] ?? '';
      const domain = /^spiffe:\/\/([^/]+)\//.exec(uri)?.[1];
      if (domain === undefined) return 'the certificate has no SPIFFE id';
      const roots = domains.get(domain);
      if (!roots) return `trust domain ${domain} is not trusted`;
      return reaches(new X509Certificate(der), issuers, roots) ? undefined : `not of the authority of ${domain}`;
    },
  };
}

function certificates(name: string, pem: string): readonly X509Certificate[] {
  const blocks = pem.match(CERTIFICATE) ?? [];
  if (blocks.length === 0) throw new TlsConfigError('BAD_CERTIFICATE', `the bundle of ${name} has no certificate`);
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (cause) {
    throw new TlsConfigError('BAD_CERTIFICATE', `the bundle of ${name} is malformed`, cause);
  }
}

function reaches(
  leaf: X509Certificate,
  issuers: readonly X509Certificate[],
  roots: readonly X509Certificate[],
): boolean {
  let current = leaf;
  for (const issuer of [...issuers.slice(0, LONGEST_PATH), undefined]) {
    if (roots.some((root) => isIssued(current, root))) return true;
    if (!issuer?.ca || !isIssued(current, issuer)) return false;
    current = issuer;
  }
  return false;
}

function isIssued(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
