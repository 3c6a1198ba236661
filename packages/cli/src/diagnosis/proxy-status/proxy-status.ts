// istioctl proxy-status: for every connected proxy, whether it has what the control plane means it to have.
import { alignColumns } from '@meltemi/local';
import { CommandError, type Terminal } from '../../terminal.ts';
import { certificateFindings, meshCertificates } from '../certs/certs.ts';
import { findProxy, meshOf } from '../find-proxy.ts';
import { printData, requireOutput } from '../print-json.ts';
import { proxyDiff } from './proxy-diff.ts';
import { fetchSyncEntries, type SyncEntry, type SyncType, TYPES } from './sync-entry.ts';

export interface ProxyStatusOptions {
  /** Undefined: all. */
  readonly name: string | undefined;
  readonly namespace: string;
  readonly configDir: string;
  /** `host:port` of the control plane's pages; undefined: of the mesh that runs here. */
  readonly xdsAddress: string | undefined;
  /** `host:port` of the admin pages of the proxy named; undefined: of the mesh that runs here. */
  readonly admin: string | undefined;
  readonly output: string;
}

/** The columns of istioctl, in its order. */
const COLUMNS: readonly SyncType[] = ['CDS', 'LDS', 'EDS', 'RDS', 'ECDS'];
const CONTROL_PLANE = 'pilot-discovery';

/** Throws CommandError where a proxy refused something, or has not what it should. */
export async function proxyStatus(options: ProxyStatusOptions, terminal: Terminal): Promise<void> {
  requireOutput(options.output, ['table', 'json', 'yaml']);
  const http = options.xdsAddress ?? meshOf(options.configDir).status.controlPlane.http;
  if (options.name !== undefined) return showDiff(options.name, http, options, terminal);
  const entries = await fetchSyncEntries(http);
  if (options.output !== 'table') return printData(entries, options.output, terminal);
  terminal.out(alignColumns(statusTable(entries)));
  for (const line of errorLines(entries)) terminal.error(`${line}\n`);
  if (options.xdsAddress !== undefined) return;
  const found = certificateFindings(await meshCertificates(options.configDir, terminal.clock.now()));
  for (const line of found) terminal.error(`Warning: ${line}\n`);
}

async function showDiff(name: string, http: string, options: ProxyStatusOptions, terminal: Terminal): Promise<void> {
  const { admin, output, configDir, namespace } = options;
  const found = admin === undefined ? findProxy(meshOf(configDir).status, name, namespace) : undefined;
  const proxyId = found ? `${found.pod}.${found.namespace}` : withNamespace(name, namespace);
  const same = await proxyDiff({ proxyId, http, admin: admin ?? found!.admin, output }, terminal);
  if (!same) throw new CommandError(`${proxyId} has not what the control plane means it to have`);
}

const withNamespace = (name: string, namespace: string): string => (name.includes('.') ? name : `${name}.${namespace}`);

export function statusTable(entries: readonly SyncEntry[]): readonly (readonly string[])[] {
  const rows = entries.map(({ proxy, cluster, version, types }) => [
    proxy,
    cluster || '-',
    ...COLUMNS.map((type) => types[type].status),
    CONTROL_PLANE,
    version || '-',
  ]);
  return [['NAME', 'CLUSTER', ...COLUMNS, 'ISTIOD', 'VERSION'], ...rows];
}

function errorLines(entries: readonly SyncEntry[]): readonly string[] {
  return entries.flatMap(({ proxy, types }) =>
    TYPES.flatMap((type) => {
      const { error } = types[type];
      return error === undefined ? [] : [`${proxy} refused ${type}: ${error}`];
    }),
  );
}
