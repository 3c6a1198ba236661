// A proxy's bootstrap → the few lines that say who it is and whom it asks.
import type { JsonObject } from '@bufbuild/protobuf';
import { addressText, type AddressJson } from '../proxy-json.ts';

export function bootstrapTable(bootstrap: JsonObject): readonly (readonly string[])[] {
  const node = (bootstrap['node'] ?? {}) as {
    id?: string;
    cluster?: string;
    metadata?: Readonly<Record<string, unknown>>;
  };
  const admin = (bootstrap['admin'] as { address?: AddressJson } | undefined)?.address;
  const resources = bootstrap['static_resources'] as { clusters?: readonly { name?: string }[] } | undefined;
  const rows = [
    ['Node', node.id ?? ''],
    ['Cluster', node.cluster ?? ''],
    ['Service account', textOf(node.metadata?.['SERVICE_ACCOUNT'])],
    ['Interception', textOf(node.metadata?.['INTERCEPTION_MODE'])],
    ['Admin', admin ? addressText(admin) : ''],
    ['Static clusters', (resources?.clusters ?? []).map(({ name }) => name ?? '').join(', ')],
  ];
  return rows.map(([label = '', text = '']) => [label, text || '-']);
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
