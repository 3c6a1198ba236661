// A service as a sidecar knows it → the lines that say what configures it and who answers for it.
import { parseClusterName } from '../cluster-name.ts';
import type { ConfigDump } from '../config-dump.ts';
import { destinationRuleOf } from '../proxy-config/cluster-table.ts';
import { healthOf } from '../proxy-config/endpoint-table.ts';
import { routeMatchText } from '../proxy-config/match-text.ts';
import { addressText, type ClusterStatusJson, resourceOf } from '../proxy-json.ts';

export interface Described {
  readonly host: string;
  readonly dump: ConfigDump;
  readonly endpoints: readonly ClusterStatusJson[];
  /** `host:port` of one pod's endpoints: only the subsets with them are shown as matching. */
  readonly pod?: ReadonlySet<string>;
}

/** Empty for a host that the sidecar has no cluster of. */
export function describeService({ host, dump, endpoints, pod }: Described): readonly string[] {
  const clusters = dump.clusters
    .map((cluster) => ({ cluster, ...parseClusterName(cluster.name) }))
    .filter((parts) => parts.direction === 'outbound' && parts.host === host);
  const ports = [...new Set(clusters.map(({ port }) => port))].toSorted((a, b) => a - b);
  if (ports.length === 0) return [];
  const hostsOf = (name: string) => endpoints.find((status) => status.name === name)?.host_statuses ?? [];
  const subsets = clusters.filter(({ subset }) => subset !== '');
  const matching = subsets.filter(({ cluster }) =>
    hostsOf(cluster.name).some(({ address }) => !pod || pod.has(addressText(address))),
  );
  const rules = new Set(clusters.map(({ cluster }) => destinationRuleOf(cluster)).filter((name) => name !== ''));
  return [
    `Service: ${host}`,
    ...ports.map((port) => `   Port: ${port}`),
    ...[...rules].map((rule) => `DestinationRule: ${rule}`),
    ...(subsets.length > 0 ? [`   Matching subsets: ${namesOf(matching)}`] : []),
    ...(matching.length < subsets.length
      ? [`      (Non-matching subsets ${namesOf(subsets.filter((subset) => !matching.includes(subset)))})`]
      : []),
    ...ports.flatMap((port) => routeLines(dump, `outbound|${port}||${host}`)),
    ...ports.flatMap((port) =>
      hostsOf(`outbound|${port}||${host}`).map(
        (status) => `Endpoint: ${addressText(status.address)} ${healthOf(status)}`,
      ),
    ),
  ];
}

const namesOf = (subsets: readonly { readonly subset: string }[]): string =>
  [...new Set(subsets.map(({ subset }) => subset))].join(',') || 'none';

function routeLines({ routes }: ConfigDump, name: string): readonly string[] {
  const found = routes.filter((config) => config.name === name).flatMap((config) => config.virtual_hosts ?? []);
  const byResource = Map.groupBy(
    found.flatMap((host) => host.routes ?? []),
    ({ metadata }) => resourceOf(metadata),
  );
  return [...byResource].flatMap(([resource, members]) =>
    resource === ''
      ? []
      : [`VirtualService: ${resource}`, ...members.map(({ match }) => `   Match: ${routeMatchText(match)}`)],
  );
}
