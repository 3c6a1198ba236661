// Clusters → `proxy-config cluster`'s rows and filters.
import { parseClusterName } from '../cluster-name.ts';
import { type ClusterJson, resourceOf } from '../proxy-json.ts';
import type { ClusterFilter } from './filters.ts';

export function keepCluster({ name }: ClusterJson, { fqdn, direction, subset, port }: ClusterFilter): boolean {
  const parts = parseClusterName(name);
  return (
    (fqdn === undefined || parts.host.includes(fqdn)) &&
    (direction === undefined || parts.direction === direction) &&
    (subset === undefined || parts.subset === subset) &&
    (port === undefined || parts.port === port)
  );
}

export function clusterTable(clusters: readonly ClusterJson[]): readonly (readonly string[])[] {
  const rows = clusters
    .map((cluster) => ({ cluster, ...parseClusterName(cluster.name) }))
    .toSorted((a, b) => compare(a.host, b.host) || a.port - b.port || compare(a.subset, b.subset))
    .map(({ cluster, host, port, subset, direction }) => [
      host,
      port === 0 ? '-' : String(port),
      subset || '-',
      direction || '-',
      clusterType(cluster),
      destinationRuleOf(cluster),
    ]);
  return [['SERVICE FQDN', 'PORT', 'SUBSET', 'DIRECTION', 'TYPE', 'DESTINATION RULE'], ...rows];
}

export function clusterType({ type, cluster_type: custom }: ClusterJson): string {
  return custom?.name ?? type ?? 'STATIC';
}

export function destinationRuleOf({ metadata }: ClusterJson): string {
  return metadata?.filter_metadata?.istio?.config?.includes('/destination-rule/') ? resourceOf(metadata) : '';
}

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
