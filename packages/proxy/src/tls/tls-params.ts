// Turns TlsParameters into the options of node:tls: versions, ciphers, curves.
import { createSecureContext, getCiphers, type SecureContextOptions, type SecureVersion } from 'node:tls';
import {
  type TlsParameters,
  TlsParameters_TlsProtocol as TlsProtocol,
} from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/common_pb';
import { TlsConfigError } from './tls-config-error.ts';

/** TLS 1.2 at least, whatever the configuration says. Throws TlsConfigError for what OpenSSL does not know. */
export function tlsParams(params: TlsParameters | undefined): SecureContextOptions {
  const options = optionsOf(params);
  try {
    createSecureContext(options);
  } catch (cause) {
    throw new TlsConfigError('UNSUPPORTED_TLS_FIELD', `tls_params: ${(cause as Error).message}`, cause);
  }
  return options;
}

function optionsOf(params: TlsParameters | undefined): SecureContextOptions {
  const max = versionOf(params?.tlsMaximumProtocolVersion) ?? 'TLSv1.3';
  return {
    minVersion: versionOf(params?.tlsMinimumProtocolVersion) ?? 'TLSv1.2',
    maxVersion: max,
    ...(params?.cipherSuites.length && { ciphers: cipherList(params.cipherSuites) }),
    ...(params?.ecdhCurves.length && { ecdhCurve: params.ecdhCurves.join(':') }),
    ...(params?.signatureAlgorithms.length && { sigalgs: params.signatureAlgorithms.join(':') }),
  };
}

function versionOf(protocol: TlsProtocol | undefined): SecureVersion | undefined {
  switch (protocol) {
    case TlsProtocol.TLSv1_0:
    case TlsProtocol.TLSv1_1:
    case TlsProtocol.TLSv1_2:
      return 'TLSv1.2';
    case TlsProtocol.TLSv1_3:
      return 'TLSv1.3';
    default:
      return undefined;
  }
}

/** BoringSSL writes groups of equal preference as `[A|B]`; the TLS 1.3 suites are always on. */
function cipherList(suites: readonly string[]): string {
  const plain = suites.flatMap((suite) => suite.replaceAll(/[[\]]/g, '').split('|'));
  const unknown = plain.find((suite) => !getCiphers().includes(suite.toLowerCase()));
  if (unknown !== undefined) throw new TlsConfigError('UNSUPPORTED_TLS_FIELD', `tls_params: unknown cipher ${unknown}`);
  return ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', ...plain].join(':');
}
