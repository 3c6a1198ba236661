// The control plane's /debug/syncz → what each proxy was sent and has taken.
import { CommandError } from '../../terminal.ts';
import { fetchJson } from '../fetch-json.ts';

/** As istioctl counts them; ECDS carries nothing here. */
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

/** `http` is the control plane's `host:port`. Throws CommandError. */
export async function fetchSyncEntries(http: string): Promise<readonly SyncEntry[]> {
  const json = await fetchJson(http, '/debug/syncz');
  if (!Array.isArray(json)) throw new CommandError(`http://${http}/debug/syncz: expected a list`);
  return syncEntries(json as Record<string, string | undefined>[]);
}

/** Sorted by name. */
export function syncEntries(json: readonly Readonly<Record<string, string | undefined>>[]): readonly SyncEntry[] {
  return json.map(syncEntry).toSorted((a, b) => (a.proxy < b.proxy ? -1 : Number(a.proxy > b.proxy)));
}

/** Istio's own page has nonces and no words. */
function syncEntry(json: Readonly<Record<string, string | undefined>>): SyncEntry {
  const types = TYPES.map((type) => {
    const field = (name: string) => json[`${PREFIX[type]}_${name}`];
    const error = field('error');
    const status = (field('status') ?? wordOf(field('sent'), field('acked'))) as SyncWord;
    return [type, { status, ...(error && { error }) }];
  });
  return {
    proxy: json['proxy'] ?? '',
    cluster: json['cluster_id'] ?? '',
    version: json['istio_version'] ?? '',
    types: Object.fromEntries(types) as SyncEntry['types'],
  };
}

function wordOf(sent: string | undefined, acked: string | undefined): SyncWord {
  if (!sent) return 'NOT SENT';
  return sent === acked ? 'SYNCED' : 'STALE';
}
