// istioctl certs: the certificates that proxies use and trust, with their dates; what ended or ends soon is a finding.
import { alignColumns } from '@meltemi/local';
import { CommandError, EXIT, type Terminal } from '../../terminal.ts';
import { fetchJson } from '../fetch-json.ts';
import { findProxy, meshOf, proxiesOf } from '../find-proxy.ts';
import { printData, requireOutput } from '../print-json.ts';
import { type CertificateRow, certificateRows, type CertsJson } from './certificate-row.ts';

export interface CertsOptions {
  /** Undefined: all proxies of the mesh. */
  readonly name: string | undefined;
  readonly namespace: string;
  readonly configDir: string;
  /** `host:port` of admin pages, in the place of a name. */
  readonly admin: string | undefined;
  /** What ends within is said; undefined: a root within 30 days, others with a third of their life left. */
  readonly withinMs: number | undefined;
  readonly output: string;
}

/** Throws CommandError where a certificate ended, begins later, or ends soon. */
export async function certs(options: CertsOptions, terminal: Terminal): Promise<void> {
  requireOutput(options.output, ['table', 'json', 'yaml']);
  const rows = await rowsOf(options, terminal.clock.now());
  if (options.output === 'table') terminal.out(alignColumns(certificateTable(rows, terminal.clock.now())));
  else printData(rows.map(datedRow), options.output, terminal);
  const findings = certificateFindings(rows);
  if (findings.length > 0) throw new CommandError(findings.join('\n'), EXIT.issuesFound);
}

/** One sentence for each certificate that is not good for long enough. */
export function certificateFindings(rows: readonly CertificateRow[]): readonly string[] {
  return rows
    .filter(({ state }) => state !== 'OK')
    .map((row) => `${row.proxy}: ${nameOf(row)} ${WORDS[row.state as keyof typeof WORDS]} ${dateOf(row)}`.trimEnd());
}

/** Of every proxy of a mesh that runs here. */
export async function meshCertificates(
  configDir: string,
  now: number,
  withinMs?: number,
): Promise<readonly CertificateRow[]> {
  const { status } = meshOf(configDir);
  const each = proxiesOf(status).map(({ workload, namespace, admin }) =>
    certsOf(`${workload}.${namespace}`, admin, now, withinMs),
  );
  return (await Promise.all(each)).flat();
}

async function rowsOf(options: CertsOptions, now: number): Promise<readonly CertificateRow[]> {
  const { name, namespace, configDir, admin, withinMs } = options;
  if (admin !== undefined) return certsOf(admin, admin, now, withinMs);
  if (name === undefined) return meshCertificates(configDir, now, withinMs);
  const found = findProxy(meshOf(configDir).status, name, namespace);
  return certsOf(`${found.workload}.${found.namespace}`, found.admin, now, withinMs);
}

async function certsOf(title: string, admin: string, now: number, withinMs?: number) {
  return certificateRows(title, (await fetchJson(admin, '/certs')) as CertsJson, now, withinMs);
}

export function certificateTable(rows: readonly CertificateRow[], now: number): readonly (readonly string[])[] {
  const head = ['PROXY', 'KIND', 'IDENTITY', 'NOT BEFORE', 'NOT AFTER', 'LEFT', 'STATE', 'SERIAL NUMBER'];
  return [
    head,
    ...rows.map(({ proxy, kind, identity, notBefore, notAfter, state, serial }) => {
      return [proxy, kind, identity || '-', iso(notBefore), iso(notAfter), left(notAfter - now), state, serial];
    }),
  ];
}

const WORDS = {
  'ENDS SOON': 'ends on',
  EXPIRED: 'expired on',
  'NOT YET VALID': 'is not valid before',
  UNREADABLE: 'says no dates',
} as const;

function nameOf({ kind, identity, serial }: CertificateRow): string {
  return kind === 'ROOT' ? `root ${serial}` : `certificate of ${identity || serial || '(no name)'}`;
}

function dateOf({ state, notBefore, notAfter }: CertificateRow): string {
  if (state === 'UNREADABLE') return '';
  return iso(state === 'NOT YET VALID' ? notBefore : notAfter);
}

function datedRow(row: CertificateRow) {
  return { ...row, notBefore: iso(row.notBefore), notAfter: iso(row.notAfter) };
}

const iso = (time: number): string => (Number.isNaN(time) ? '-' : new Date(time).toISOString().replace(/\.\d+Z$/, 'Z'));

function left(ms: number): string {
  if (!(ms > 0)) return '-';
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 120) return `${minutes}m`;
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)}h` : `${Math.floor(minutes / 1440)}d`;
}
