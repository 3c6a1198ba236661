// The operators that write what TLS settled, and what the certificates of both sides say.
import type { AccessLogEntry, CertificateFacts } from '../access-log-entry.ts';
import { badArgument, type CompileOperator, known, type Operator, plain } from './operator.ts';

type Certificate = (entry: AccessLogEntry) => CertificateFacts | undefined;

export const TLS_OPERATORS: Readonly<Record<string, CompileOperator>> = {
  DOWNSTREAM_TLS_VERSION: plain((entry) => entry.downstreamTls?.version),
  DOWNSTREAM_TLS_CIPHER: plain((entry) => entry.downstreamTls?.cipher),
  UPSTREAM_TLS_VERSION: plain((entry) => entry.upstreamTls?.version),
  UPSTREAM_TLS_CIPHER: plain((entry) => entry.upstreamTls?.cipher),
  UPSTREAM_SERVER_NAME: plain((entry) => known(entry.upstreamTls?.serverName)),
  DOWNSTREAM_LOCAL_URI_SAN: plain((entry) => names(entry.downstreamTls?.localUris)),
  ...nameOperators('DOWNSTREAM_PEER', (entry) => entry.downstreamTls?.peer),
  ...nameOperators('UPSTREAM_PEER', (entry) => entry.upstreamTls?.peer),
  ...printOperators('DOWNSTREAM_PEER', (entry) => entry.downstreamTls?.peer),
  REQUESTED_SERVER_NAME: compileServerName,
};

function nameOperators(prefix: string, of: Certificate): Readonly<Record<string, CompileOperator>> {
  return {
    [`${prefix}_SUBJECT`]: write(of, ({ subject }) => subject),
    [`${prefix}_ISSUER`]: write(of, ({ issuer }) => issuer),
    [`${prefix}_URI_SAN`]: write(of, ({ uris }) => names(uris)),
    [`${prefix}_DNS_SAN`]: write(of, ({ dns }) => names(dns)),
    [`${prefix}_IP_SAN`]: write(of, ({ ips }) => names(ips)),
    [`${prefix}_CERT`]: write(of, ({ pem }) => encodeURIComponent(pem)),
  };
}

function printOperators(prefix: string, of: Certificate): Readonly<Record<string, CompileOperator>> {
  return {
    [`${prefix}_EMAIL_SAN`]: write(of, ({ emails }) => names(emails)),
    [`${prefix}_SERIAL`]: write(of, ({ serial }) => serial),
    [`${prefix}_FINGERPRINT_256`]: write(of, ({ sha256 }) => sha256),
    [`${prefix}_FINGERPRINT_1`]: write(of, ({ sha1 }) => sha1),
  };
}

function write(of: Certificate, text: (certificate: CertificateFacts) => string | undefined): CompileOperator {
  return plain((entry) => {
    const certificate = of(entry);
    return certificate && known(text(certificate));
  });
}

function names(list: readonly string[] | undefined): string | undefined {
  return known(list?.join(','));
}

/** `SNI_ONLY`, `SNI_FIRST` or `HOST_FIRST`, and `:ORIG`, `:HOST` or `:ORIG_OR_HOST` for where the host is from. */
function compileServerName(argument: string | undefined, _context: unknown, name: string): Operator {
  const [order = '', source = 'ORIG_OR_HOST', ...more] = (argument ?? '').split(':');
  const host = HOST_SOURCES.get(source);
  if (!host || more.length > 0) throw badArgument(name, `"${argument}" names no source of hosts`);
  const sni: Source = (entry) => known(entry.requestedServerName);
  switch (order) {
    case '':
    case 'SNI_ONLY':
      return sni;
    case 'SNI_FIRST':
      return (entry) => sni(entry) ?? hostName(host(entry));
    case 'HOST_FIRST':
      return (entry) => hostName(host(entry)) ?? sni(entry);
    default:
      throw badArgument(name, `"${argument}" is no order of sources`);
  }
}

type Source = (entry: AccessLogEntry) => string | undefined;

const originalHost: Source = (entry) => entry.requestHeaders?.get('x-envoy-original-host');
const HOST_SOURCES: ReadonlyMap<string, Source> = new Map<string, Source>([
  ['ORIG', originalHost],
  ['HOST', (entry) => entry.authority],
  ['ORIG_OR_HOST', (entry) => originalHost(entry) ?? entry.authority],
]);

function hostName(host: string | undefined): string | undefined {
  return known(host);
}
