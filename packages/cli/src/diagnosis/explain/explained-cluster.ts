// The cluster that a request goes to → what it is, where it was written, and who may answer.
import { clusterType } from '../proxy-config/cluster-table.ts';
import { healthOf, outlierOf } from '../proxy-config/endpoint-table.ts';
import { addressText, type ClusterJson, type ClusterStatusJson } from '../proxy-json.ts';

export interface ExplainedCluster {
  readonly name: string;
  readonly type: string;
  readonly transport: 'mutual TLS' | 'TLS' | 'plain text';
  readonly balancing: string;
  /** The resource as Istio names it: a DestinationRule. */
  readonly config?: string;
  /** file:line */
  readonly source?: string;
  /** Absent: not known here. */
  readonly endpoints?: readonly ExplainedEndpoint[];
}

export interface ExplainedEndpoint {
  readonly address: string;
  readonly health: string;
  readonly outlier: 'OK' | 'FAILED';
  readonly weight: number;
  readonly priority: number;
  readonly workload?: string;
}

export function explainedCluster(
  cluster: ClusterJson,
  statuses: readonly ClusterStatusJson[] | undefined,
  workloads: ReadonlyMap<string, string>,
): ExplainedCluster {
  const { istio, meltemi } = cluster.metadata?.filter_metadata ?? {};
  const hosts = statuses && (statuses.find(({ name }) => name === cluster.name)?.host_statuses ?? []);
  return {
    name: cluster.name,
    type: clusterType(cluster),
    transport: transportOf(cluster),
    balancing: cluster.lb_policy ?? 'ROUND_ROBIN',
    ...(istio?.config !== undefined && { config: istio.config }),
    ...(meltemi?.source !== undefined && { source: meltemi.source }),
    ...(hosts && {
      endpoints: hosts.map((host) => {
        const address = addressText(host.address);
        const workload = workloads.get(address);
        return {
          address,
          health: healthOf(host),
          outlier: outlierOf(host),
          weight: host.weight ?? 1,
          priority: host.priority ?? 0,
          ...(workload !== undefined && { workload }),
        };
      }),
    }),
  };
}

/** Where endpoints say how they are called, the first that is offered is for those with a sidecar. */
function transportOf(cluster: ClusterJson): ExplainedCluster['transport'] {
  const socket = cluster.transport_socket_matches?.[0]?.transport_socket ?? cluster.transport_socket;
  const config = socket?.typed_config;
  if (!config?.['@type'].endsWith('.UpstreamTlsContext')) return 'plain text';
  const common = config['common_tls_context'] as Readonly<Record<string, unknown>> | undefined;
  return common?.['tls_certificate_sds_secret_configs'] || common?.['tls_certificates'] ? 'mutual TLS' : 'TLS';
}
