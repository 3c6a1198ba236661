// One certificate of a proxy's /certs page → what it is, whose, and whether it is good for long enough.

/** Of Envoy's admin page /certs, and of ours. */
export interface CertificateJson {
  readonly serial_number?: string;
  readonly subject_alt_names?: readonly { readonly uri?: string; readonly dns?: string }[];
  readonly valid_from?: string;
  readonly expiration_time?: string;
}

export interface CertsJson {
  readonly certificates?: readonly {
    readonly ca_cert?: readonly CertificateJson[];
    readonly cert_chain?: readonly CertificateJson[];
  }[];
}

export type CertificateState = 'OK' | 'ENDS SOON' | 'EXPIRED' | 'NOT YET VALID' | 'UNREADABLE';

export interface CertificateRow {
  readonly proxy: string;
  readonly kind: 'CHAIN' | 'ROOT';
  /** Empty where it has none. */
  readonly identity: string;
  readonly serial: string;
  /** Milliseconds since the epoch; NaN where the page says none. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly state: CertificateState;
}

const DAY_MS = 24 * 3_600_000;
const ROOT_SOON_MS = 30 * DAY_MS;
/** A proxy renews at half of the life: with less than this part left, that failed again and again. */
const CHAIN_SOON = 1 / 3;

/** Each certificate once, as several contexts share them. `withinMs`: what ends within is said; undefined: by its kind. */
export function certificateRows(
  proxy: string,
  page: CertsJson,
  now: number,
  withinMs: number | undefined,
): readonly CertificateRow[] {
  const rows = new Map<string, CertificateRow>();
  for (const { ca_cert: roots = [], cert_chain: chain = [] } of page.certificates ?? []) {
    const found = [...chain.map((one) => ['CHAIN', one] as const), ...roots.map((one) => ['ROOT', one] as const)];
    for (const [kind, certificate] of found) {
      const row = rowOf(proxy, kind, certificate, now, withinMs);
      rows.set(`${kind} ${row.serial}`, row);
    }
  }
  return [...rows.values()].sort((a, b) => a.kind.localeCompare(b.kind) || a.notAfter - b.notAfter);
}

function rowOf(
  proxy: string,
  kind: CertificateRow['kind'],
  certificate: CertificateJson,
  now: number,
  withinMs: number | undefined,
): CertificateRow {
  const [notBefore, notAfter] = [certificate.valid_from, certificate.expiration_time].map((time) =>
    Date.parse(time ?? ''),
  );
  const { uri = '', dns = '' } = certificate.subject_alt_names?.[0] ?? {};
  const soonMs = withinMs ?? (kind === 'ROOT' ? ROOT_SOON_MS : (notAfter! - notBefore!) * CHAIN_SOON);
  return {
    proxy,
    kind,
    identity: uri || dns,
    serial: certificate.serial_number ?? '',
    notBefore: notBefore!,
    notAfter: notAfter!,
    state: stateOf(notBefore!, notAfter!, now, soonMs),
  };
}

function stateOf(notBefore: number, notAfter: number, now: number, soonMs: number): CertificateState {
  if (Number.isNaN(notBefore) || Number.isNaN(notAfter)) return 'UNREADABLE';
  if (now < notBefore) return 'NOT YET VALID';
  if (now >= notAfter) return 'EXPIRED';
  return notAfter - now < soonMs ? 'ENDS SOON' : 'OK';
}
