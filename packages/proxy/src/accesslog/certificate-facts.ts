// What TLS settled on a connection → what access logs say of it; certificates are read when first asked for.
import { createHash, X509Certificate } from 'node:crypto';
import type { CertificateFacts, TlsFacts } from '@meltemi/telemetry';
import type { TlsInfo } from '@meltemi/wire';
import { certificateNames } from '../tls/certificate-names.ts';

/** `localUris`: URI names of our own certificate, as far as they are known. */
export function tlsFacts(tls: TlsInfo, localUris: readonly string[]): TlsFacts {
  return new LazyTlsFacts(tls, localUris);
}

class LazyTlsFacts implements TlsFacts {
  readonly #tls: TlsInfo;
  readonly localUris: readonly string[];
  #peer: CertificateFacts | undefined;

  constructor(tls: TlsInfo, localUris: readonly string[]) {
    this.#tls = tls;
    this.localUris = localUris;
  }

  get version(): string {
    return this.#tls.version;
  }
  get cipher(): string {
    return this.#tls.cipher;
  }
  get serverName(): string | undefined {
    return this.#tls.sni;
  }
  get peer(): CertificateFacts | undefined {
    const der = this.#tls.peerCertificate;
    if (der) this.#peer ??= certificateFacts(der);
    return this.#peer;
  }
}

export function certificateFacts(der: Buffer): CertificateFacts {
  const certificate = new X509Certificate(der);
  return {
    subject: nameText(certificate.subject),
    issuer: nameText(certificate.issuer),
    ...alternativeNames(der),
    emails: emailNames(certificate.subjectAltName),
    serial: certificate.serialNumber.toLowerCase(),
    sha256: createHash('sha256').update(der).digest('hex'),
    sha1: createHash('sha1').update(der).digest('hex'),
    validFromMs: certificate.validFromDate.getTime(),
    validToMs: certificate.validToDate.getTime(),
    pem: certificate.toString(),
  };
}

/** RFC 2253 has the most specific part first; Node gives one part a line, escaped already, the least specific first. */
function nameText(name: string | undefined): string {
  return (name ?? '').split('\n').filter(Boolean).reverse().join(',');
}

function alternativeNames(der: Buffer): Pick<CertificateFacts, 'uris' | 'dns' | 'ips'> {
  try {
    const { uris, dns, ips } = certificateNames(der);
    return { uris, dns, ips: ips.map(ipText) };
  } catch {
    // Names that can't be trusted to be what they look like are none.
    return { uris: [], dns: [], ips: [] };
  }
}

/** Of the bytes in hex. */
function ipText(hex: string): string {
  if (hex.length === 8) return [...Buffer.from(hex, 'hex')].join('.');
  return URL.parse(`http://[${hex.replaceAll(/(.{4})(?=.)/g, '$1:')}]`)?.hostname.slice(1, -1) ?? hex;
}

/** Node writes `email:a@b.c, DNS:…`, and in quotes what has a comma. */
function emailNames(names: string | undefined): readonly string[] {
  return [...(names ?? '').matchAll(/(?:^|, )email:([^",]+)(?=,|$)/g)].map(([, email]) => email!);
}
