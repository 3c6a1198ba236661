// What is written of versions, ciphers and curves of TLS → what a handshake may agree on.
// https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig-TLSConfig
import type { ServerTls } from '@meltemi/config';

export type TlsVersion = 'TLSV1_0' | 'TLSV1_1' | 'TLSV1_2' | 'TLSV1_3';

/** What is absent is the proxy's own choice. */
export interface TlsLimits {
  readonly minVersion?: TlsVersion;
  readonly maxVersion?: TlsVersion;
  /** Of TLS 1.2 and before, by OpenSSL's names. */
  readonly cipherSuites?: readonly string[];
  readonly curves?: readonly string[];
}

/** As MeshConfig, and a server of a Gateway, write them. */
export type WrittenTlsLimits = Pick<ServerTls, 'minProtocolVersion' | 'maxProtocolVersion' | 'cipherSuites'> & {
  readonly ecdhCurves?: readonly string[];
};

/** With any other name a proxy would take nothing of the listener. */
const CIPHERS: ReadonlySet<string> = new Set([
  ...['AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'CHACHA20-POLY1305', 'AES128-SHA', 'AES256-SHA'].flatMap((cipher) => [
    `ECDHE-ECDSA-${cipher}`,
    `ECDHE-RSA-${cipher}`,
  ]),
  'AES128-GCM-SHA256',
  'AES256-GCM-SHA384',
  'AES128-SHA',
  'AES256-SHA',
  'DES-CBC3-SHA',
]);
const CURVES: ReadonlySet<string> = new Set(['P-224', 'P-256', 'P-384', 'P-521', 'X25519', 'X25519MLKEM768']);

/** What is written stands before `otherwise`. */
export function tlsLimits(written: WrittenTlsLimits | undefined, otherwise: TlsLimits = {}): TlsLimits {
  const minVersion = versionOf(written?.minProtocolVersion) ?? otherwise.minVersion;
  const maxVersion = versionOf(written?.maxProtocolVersion) ?? otherwise.maxVersion;
  const cipherSuites = known(written?.cipherSuites, CIPHERS) ?? otherwise.cipherSuites;
  const curves = known(written?.ecdhCurves, CURVES) ?? otherwise.curves;
  return {
    ...(minVersion && { minVersion }),
    ...(maxVersion && { maxVersion }),
    ...(cipherSuites && { cipherSuites }),
    ...(curves && { curves }),
  };
}

/** The names among the written that no proxy knows, each with the field it stands in. */
export function unknownNames({ cipherSuites = [], ecdhCurves = [] }: WrittenTlsLimits): readonly string[] {
  return [
    ...cipherSuites.filter((name) => !CIPHERS.has(name)).map((name) => `cipherSuites: "${name}" is no cipher`),
    ...ecdhCurves.filter((name) => !CURVES.has(name)).map((name) => `ecdhCurves: "${name}" is no curve`),
  ];
}

function versionOf(written: string | undefined): TlsVersion | undefined {
  return written === undefined || written === 'TLS_AUTO' ? undefined : (written as TlsVersion);
}

/** Undefined: none of them is left. */
function known(names: readonly string[] = [], all: ReadonlySet<string>): readonly string[] | undefined {
  const left = [...new Set(names)].filter((name) => all.has(name));
  return left.length > 0 ? left : undefined;
}
