// The control plane's /debug/syncz → what each proxy was sent and has taken.
import { TYPE_URL } from '@meltemi/api';
import { CommandError } from '../../terminal.ts';
import { fetchJson } from '../fetch-json.ts';

/** As istioctl counts them. */
export const TYPES = ['CDS', 'LDS', 'EDS', 'RDS', 'ECDS'] as const;
export type SyncType = (typeof TYPES)[number];

export type SyncWord = 'SYNCED' | 'STALE' | 'NOT SENT' | 'ERROR';

export interface SyncEntry {
  /** NAME.NAMESPACE of its pod. */
  readonly proxy: string;
  readonly cluster: string;
  readonly version: string;
  readonly types: Readonly<Record<SyncType, { readonly status: SyncWord; readonly error?: string }>>;
}

const PREFIX: Readonly<Record<SyncType, string>> = {
  CDS: 'cluster',
  LDS: 'listener',
  EDS: 'endpoint',
  RDS: 'route',
  ECDS: 'extensionconfig',
};

/** An entry of istiod's page: nonces by type, and by the URL of each type what was refused of it. */
export interface SyncJson {
  readonly proxy?: string;
  readonly cluster_id?: string;
  readonly istio_version?: string;
  readonly [nonce: `${string}_${'sent' | 'acked'}`]: string | undefined;
  readonly resources?: Readonly<Record<string, { readonly lastError?: string }>>;
}

/** `http` is the control plane's `host:port`. Throws CommandError. */
export async function fetchSyncEntries(http: string): Promise<readonly SyncEntry[]> {
  const json = await fetchJson(http, '/debug/syncz');
  if (!Array.isArray(json)) throw new CommandError(`http://${http}/debug/syncz: expected a list`);
  return syncEntries(json as SyncJson[]);
}

/** Sorted by name. */
export function syncEntries(json: readonly SyncJson[]): readonly SyncEntry[] {
  return json.map(syncEntry).toSorted((a, b) => (a.proxy < b.proxy ? -1 : Number(a.proxy > b.proxy)));
}

function syncEntry(json: SyncJson): SyncEntry {
  const types = TYPES.map((type) => [type, syncStatus(json, type)]);
  return {
    proxy: json.proxy ?? '',
    cluster: json.cluster_id ?? '',
    version: json.istio_version ?? '',
    types: Object.fromEntries(types) as SyncEntry['types'],
  };
}

function syncStatus(json: SyncJson, type: SyncType): SyncEntry['types'][SyncType] {
  const error = json.resources?.[TYPE_URL[type]]?.lastError;
  if (error) return { status: 'ERROR', error };
  const sent = json[`${PREFIX[type]}_sent`];
  if (!sent) return { status: 'NOT SENT' };
  return { status: sent === json[`${PREFIX[type]}_acked`] ? 'SYNCED' : 'STALE' };
}
