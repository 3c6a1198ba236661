// What becomes of each field of a Cluster.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/cluster/v3/cluster.proto
import { type FieldRules, refusedField } from '@meltemi/api';
import {
  type Cluster,
  Cluster_ClusterProtocolSelection as ProtocolSelection,
  Cluster_CommonLbConfigSchema as CommonLbConfigSchema,
  type Cluster_CommonLbConfig as CommonLbConfig,
  ClusterSchema,
} from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import { resolutionFaults, typedResolverFaults } from '../../bootstrap/resolver-faults.ts';
import { ClusterConfigError } from './cluster-config-error.ts';

export const CLUSTER_FIELDS: FieldRules<Cluster> = {
  transport_socket_matches: 'honoured',
  name: 'honoured',
  alt_stat_name: 'honoured',
  type: 'honoured',
  cluster_type: 'honoured',
  eds_cluster_config: 'honoured',
  connect_timeout: 'honoured',
  per_connection_buffer_limit_bytes: 'honoured',
  lb_policy: 'honoured',
  load_assignment: 'honoured',
  health_checks: 'honoured',
  max_requests_per_connection: 'honoured',
  circuit_breakers: 'honoured',
  upstream_http_protocol_options: {
    refused: 'name it in typed_extension_protocol_options',
    where: ({ upstreamHttpProtocolOptions: options }) => options?.autoSni === true || !!options?.autoSanValidation,
  },
  common_http_protocol_options: 'honoured',
  http_protocol_options: 'honoured',
  http2_protocol_options: 'honoured',
  typed_extension_protocol_options: 'honoured',
  dns_refresh_rate: 'honoured',
  dns_failure_refresh_rate: 'honoured',
  respect_dns_ttl: 'honoured',
  dns_lookup_family: 'honoured',
  dns_resolvers: { refused: 'the system resolver is used' },
  use_tcp_for_dns_lookups: { refused: 'the system resolver decides how names are asked for' },
  dns_resolution_config: ({ dnsResolutionConfig }) => resolutionFaults(dnsResolutionConfig),
  typed_dns_resolver_config: ({ typedDnsResolverConfig }) => typedResolverFaults(typedDnsResolverConfig),
  wait_for_warm_on_init: { harmless: 'it says how early the process starts to serve' },
  outlier_detection: 'honoured',
  cleanup_interval: 'honoured',
  upstream_bind_config: 'honoured',
  lb_subset_config: 'honoured',
  ring_hash_lb_config: 'honoured',
  maglev_lb_config: 'honoured',
  original_dst_lb_config: 'honoured',
  least_request_lb_config: 'honoured',
  round_robin_lb_config: 'honoured',
  common_lb_config: 'honoured',
  transport_socket: 'honoured',
  metadata: 'honoured',
  protocol_selection: {
    refused: 'use use_downstream_protocol_config',
    where: ({ protocolSelection }) => protocolSelection === ProtocolSelection.USE_DOWNSTREAM_PROTOCOL,
  },
  upstream_connection_options: 'honoured',
  close_connections_on_host_health_failure: 'honoured',
  ignore_health_on_host_removal: 'honoured',
  filters: 'honoured',
  load_balancing_policy: 'honoured',
  lrs_server: { refused: 'load reporting (LRS)' },
  lrs_report_endpoint_metrics: { harmless: 'it chooses what lrs_server is told' },
  track_timeout_budgets: { refused: 'that histogram is not kept' },
  upstream_config: { refused: '' },
  track_cluster_stats: { refused: 'those statistics are not kept', where: tracksMore },
  preconnect_policy: 'honoured',
  connection_pool_per_downstream_connection: { refused: '' },
};

export const COMMON_LB_FIELDS: FieldRules<CommonLbConfig> = {
  healthy_panic_threshold: 'honoured',
  zone_aware_lb_config: {
    harmless: 'without a local cluster, which a bootstrap can not name, Envoy leaves it alone too',
  },
  locality_weighted_lb_config: 'honoured',
  update_merge_window: { harmless: 'every update counts at once' },
  ignore_new_hosts_until_first_hc: 'honoured',
  close_connections_on_host_set_change: 'honoured',
  consistent_hashing_lb_config: 'honoured',
  override_host_status: 'honoured',
};

/** Throws ClusterConfigError. */
export function refuseClusterFields(cluster: Cluster): void {
  const { commonLbConfig: common } = cluster;
  const field =
    refusedField(ClusterSchema, CLUSTER_FIELDS, cluster) ??
    (common && refusedField(CommonLbConfigSchema, COMMON_LB_FIELDS, common));
  if (field !== undefined) throw new ClusterConfigError('UNSUPPORTED_FIELD', field);
}

function tracksMore({ trackClusterStats: track }: Cluster): boolean {
  return track !== undefined && (track.timeoutBudgets || track.requestResponseSizes || track.perEndpointStats);
}
