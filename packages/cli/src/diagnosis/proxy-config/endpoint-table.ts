// Clusters with their hosts' health → `proxy-config endpoint`'s rows and filters.
import { addressText, type AssignmentJson, type ClusterStatusJson, type HostStatusJson } from '../proxy-json.ts';
import type { EndpointFilter } from './filters.ts';

/** Clusters that keep no host are left out. */
export function keepEndpoints(
  clusters: readonly ClusterStatusJson[],
  filter: EndpointFilter,
): readonly ClusterStatusJson[] {
  return clusters
    .filter(({ name }) => filter.cluster === undefined || name === filter.cluster)
    .map((cluster) => ({
      ...cluster,
      host_statuses: (cluster.host_statuses ?? []).filter((host) => keepHost(host, filter)),
    }))
    .filter(({ host_statuses: hosts }) => hosts.length > 0);
}

function keepHost(host: HostStatusJson, { address, port, status }: EndpointFilter): boolean {
  const socket = host.address?.socket_address;
  return (
    (address === undefined || socket?.address === address || host.address?.pipe?.path === address) &&
    (port === undefined || socket?.port_value === port) &&
    (status === undefined || healthOf(host) === status.toUpperCase())
  );
}

export function endpointTable(clusters: readonly ClusterStatusJson[]): readonly (readonly string[])[] {
  const rows = clusters
    .flatMap(({ name, host_statuses: hosts }) =>
      (hosts ?? []).map((host) => [addressText(host.address), healthOf(host), outlierOf(host), name]),
    )
    .toSorted((a, b) => compare(a[3]!, b[3]!) || compare(a[0]!, b[0]!));
  return [['ENDPOINT', 'STATUS', 'OUTLIER CHECK', 'CLUSTER'], ...rows];
}

/** HEALTHY unless endpoint discovery or a health check says otherwise. */
export function healthOf({ health_status: health }: HostStatusJson): string {
  if (health?.['failed_active_health_check']) return 'UNHEALTHY';
  const word = health?.eds_health_status ?? 'HEALTHY';
  return word === 'UNKNOWN' ? 'HEALTHY' : word;
}

export function outlierOf({ health_status: health }: HostStatusJson): 'OK' | 'FAILED' {
  return health?.failed_outlier_check ? 'FAILED' : 'OK';
}

/** What a config_dump knows of hosts: all but the outcome of checks. */
export function statusesOf(assignments: readonly AssignmentJson[]): readonly ClusterStatusJson[] {
  return assignments.map(({ cluster_name: name, endpoints }) => ({
    name: name ?? '',
    host_statuses: (endpoints ?? []).flatMap(({ lb_endpoints: hosts, priority }) =>
      (hosts ?? []).map(({ endpoint, health_status: health, load_balancing_weight: weight }) => ({
        ...(endpoint?.address && { address: endpoint.address }),
        ...(endpoint?.hostname && { hostname: endpoint.hostname }),
        ...(priority && { priority }),
        weight: weight ?? 1,
        health_status: { eds_health_status: health ?? 'HEALTHY' },
      })),
    ),
  }));
}

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
