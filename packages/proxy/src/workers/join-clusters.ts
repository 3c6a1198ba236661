// Joins what each worker knows of the clusters to what the process does to them: connections and requests are sums.
import type { ClusterSnapshot, HostSnapshot } from '../cluster/cluster.ts';

/** Of each worker's own connections. */
const COUNTED = [
  'connectionsTotal',
  'connectionsActive',
  'connectFailures',
  'requestsTotal',
  'requestsActive',
  'requestsSuccess',
  'requestsError',
  'requestsTimeout',
] as const satisfies readonly (keyof HostSnapshot)[];

/** All of `own`, the first worker's; a host is ejected when a worker ejected it. */
export function joinClusters(
  own: readonly ClusterSnapshot[],
  others: readonly (readonly ClusterSnapshot[])[],
): readonly ClusterSnapshot[] {
  const byName = others.map((clusters) => new Map(clusters.map((cluster) => [cluster.name, cluster])));
  return own.map((cluster) =>
    joinCluster(
      cluster,
      byName.flatMap((clusters) => clusters.get(cluster.name) ?? []),
    ),
  );
}

function joinCluster(own: ClusterSnapshot, others: readonly ClusterSnapshot[]): ClusterSnapshot {
  const byAddress = others.map(({ hosts }) => new Map(hosts.map((host) => [host.address, host])));
  const hosts = own.hosts.map((host) =>
    joinHost(
      host,
      byAddress.flatMap((known) => known.get(host.address) ?? []),
    ),
  );
  return { ...own, hosts };
}

function joinHost(own: HostSnapshot, others: readonly HostSnapshot[]): HostSnapshot {
  const all = [own, ...others];
  const sums = COUNTED.map((field) => [field, all.reduce((sum, host) => sum + host[field], 0)]);
  return { ...own, ...Object.fromEntries(sums), ejected: all.some((host) => host.ejected) };
}
