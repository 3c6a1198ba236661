// TlsLimits → TlsParameters.
import { TlsParameters_TlsProtocol } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/common_pb';
import type { TlsLimits, TlsVersion } from '../input/tls-limits.ts';

const VERSION: Readonly<Record<TlsVersion, TlsParameters_TlsProtocol>> = {
  TLSV1_0: TlsParameters_TlsProtocol.TLSv1_0,
  TLSV1_1: TlsParameters_TlsProtocol.TLSv1_1,
  TLSV1_2: TlsParameters_TlsProtocol.TLSv1_2,
  TLSV1_3: TlsParameters_TlsProtocol.TLSv1_3,
};

/** Empty where nothing is limited. */
export function tlsParameters({ minVersion, maxVersion, cipherSuites, curves }: TlsLimits = {}) {
  return {
    ...(minVersion && { tlsMinimumProtocolVersion: VERSION[minVersion] }),
    ...(maxVersion && { tlsMaximumProtocolVersion: VERSION[maxVersion] }),
    ...(cipherSuites && { cipherSuites: [...cipherSuites] }),
    ...(curves && { ecdhCurves: [...curves] }),
  };
}
