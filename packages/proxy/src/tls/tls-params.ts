// Turns TlsParameters into the options of node:tls: versions, ciphers, curves.
import type { SecureContextOptions, SecureVersion } from 'node:tls';
import {
  type TlsParameters,
  TlsParameters_TlsProtocol as TlsProtocol,
} from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/common_pb';

/** TLS 1.2 at least, whatever the configuration says. */
export function tlsParams(params: TlsParameters | undefined): SecureContextOptions {
  const max = versionOf(params?.tlsMaximumProtocolVersion) ?? 'TLSv1.3';
  return {
    minVersion: versionOf(params?.tlsMinimumProtocolVersion) ?? 'TLSv1.2',
    maxVersion: max,
    ...(params?.cipherSuites.length && { ciphers: cipherList(params.cipherSuites) }),
    ...(params?.ecdhCurves.length && { ecdhCurve: params.ecdhCurves.join(':') }),
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
  return ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', ...plain].join(':');
}
