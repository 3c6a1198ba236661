// Shows clusters and their hosts as Envoy's `/clusters` does, as text and as JSON.
// https://www.envoyproxy.io/docs/envoy/latest/operations/admin#get--clusters
import { HealthStatus } from '@meltemi/api/envoy/config/core/v3/health_check_pb';
import { addressJson } from '../cluster/address-json.ts';
import type { CircuitLimits, ClusterSnapshot, HostSnapshot, OutlierRates } from '../cluster/cluster.ts';

/** One `cluster::…::value` a line. */
export function clustersText(clusters: readonly ClusterSnapshot[]): string {
  return clusters.flatMap(clusterLines).join('\n') + (clusters.length > 0 ? '\n' : '');
}

function clusterLines(cluster: ClusterSnapshot): readonly string[] {
  const { name } = cluster;
  return [
    `${name}::observability_name::${name}`,
    ...outlierLines(`${name}::outlier`, cluster.outlierRates),
    ...limitLines(`${name}::default_priority`, cluster.limits.default),
    ...limitLines(`${name}::high_priority`, cluster.limits.high),
    `${name}::added_via_api::${cluster.addedViaApi}`,
    ...(cluster.edsServiceName === undefined ? [] : [`${name}::eds_service_name::${cluster.edsServiceName}`]),
    ...cluster.hosts.flatMap((host) => hostLines(`${name}::${host.address}`, host)),
  ];
}

function outlierLines(prefix: string, rates: OutlierRates | undefined): readonly string[] {
  if (!rates) return [];
  return [
    `${prefix}::success_rate_average::${rates.average}`,
    `${prefix}::success_rate_ejection_threshold::${rates.threshold}`,
    `${prefix}::local_origin_success_rate_average::${rates.localAverage}`,
    `${prefix}::local_origin_success_rate_ejection_threshold::${rates.localThreshold}`,
  ];
}

function limitLines(prefix: string, limits: CircuitLimits): readonly string[] {
  return [
    `${prefix}::max_connections::${limits.maxConnections}`,
    `${prefix}::max_pending_requests::${limits.maxPendingRequests}`,
    `${prefix}::max_requests::${limits.maxRequests}`,
    `${prefix}::max_retries::${limits.maxRetries}`,
  ];
}

function hostLines(prefix: string, host: HostSnapshot): readonly string[] {
  const counters = hostStats(host).map(({ name, value }) => `${prefix}::${name}::${value}`);
  return [
    ...counters,
    `${prefix}::hostname::${host.hostname}`,
    `${prefix}::health_flags::${healthFlags(host)}`,
    `${prefix}::weight::${host.weight}`,
    `${prefix}::region::${host.locality.region}`,
    `${prefix}::zone::${host.locality.zone}`,
    `${prefix}::sub_zone::${host.locality.subZone}`,
    `${prefix}::canary::${host.canary}`,
    `${prefix}::priority::${host.priority}`,
    `${prefix}::success_rate::${host.successRate}`,
    `${prefix}::local_origin_success_rate::${host.localSuccessRate}`,
  ];
}

interface HostStat {
  readonly name: string;
  readonly value: number;
  readonly gauge: boolean;
}

/** Sorted by name, as Envoy does. */
function hostStats(host: HostSnapshot): readonly HostStat[] {
  return [
    { name: 'cx_active', value: host.connectionsActive, gauge: true },
    { name: 'cx_connect_fail', value: host.connectFailures, gauge: false },
    { name: 'cx_total', value: host.connectionsTotal, gauge: false },
    { name: 'rq_active', value: host.requestsActive, gauge: true },
    { name: 'rq_error', value: host.requestsError, gauge: false },
    { name: 'rq_success', value: host.requestsSuccess, gauge: false },
    { name: 'rq_timeout', value: host.requestsTimeout, gauge: false },
    { name: 'rq_total', value: host.requestsTotal, gauge: false },
  ];
}

function healthFlags(host: HostSnapshot): string {
  const { checks } = host;
  const draining = host.status === HealthStatus.DRAINING;
  const flags = [
    ...(checks.failed ? ['/failed_active_hc'] : []),
    ...(host.ejected ? ['/failed_outlier_check'] : []),
    ...(host.health === 'unhealthy' && !draining ? ['/failed_eds_health'] : []),
    ...(checks.degraded ? ['/degraded_active_hc'] : []),
    ...(host.health === 'degraded' ? ['/degraded_eds_health'] : []),
    ...(checks.leaving ? ['/pending_dynamic_removal'] : []),
    ...(checks.pending ? ['/pending_active_hc'] : []),
    ...(checks.excluded ? ['/excluded_via_immediate_hc_fail'] : []),
    ...(checks.timedOut ? ['/active_hc_timeout'] : []),
    ...(draining ? ['/eds_status_draining'] : []),
  ];
  return flags.join('') || 'healthy';
}

/** The JSON of envoy.admin.v3.Clusters. */
export function clustersJson(clusters: readonly ClusterSnapshot[]): object {
  return { cluster_statuses: clusters.map(clusterJson) };
}

function clusterJson(cluster: ClusterSnapshot): object {
  return {
    name: cluster.name,
    ...(cluster.addedViaApi && { added_via_api: true }),
    ...(cluster.hosts.length > 0 && { host_statuses: cluster.hosts.map(hostJson) }),
    circuit_breakers: {
      thresholds: [limitsJson(cluster.limits.default), { priority: 'HIGH', ...limitsJson(cluster.limits.high) }],
    },
    observability_name: cluster.name,
    ...(cluster.edsServiceName !== undefined && { eds_service_name: cluster.edsServiceName }),
  };
}

function limitsJson(limits: CircuitLimits): object {
  return {
    max_connections: limits.maxConnections,
    max_pending_requests: limits.maxPendingRequests,
    max_requests: limits.maxRequests,
    max_retries: limits.maxRetries,
  };
}

function hostJson(host: HostSnapshot): object {
  const { region, zone, subZone } = host.locality;
  return {
    address: addressJson(host.address),
    stats: hostStats(host).map(statJson),
    health_status: {
      ...(host.checks.failed && { failed_active_health_check: true }),
      ...(host.ejected && { failed_outlier_check: true }),
      ...(host.checks.degraded && { failed_active_degraded_check: true }),
      ...(host.checks.leaving && { pending_dynamic_removal: true }),
      ...(host.checks.pending && { pending_active_hc: true }),
      ...(host.checks.excluded && { excluded_via_immediate_hc_fail: true }),
      ...(host.checks.timedOut && { active_hc_timeout: true }),
      // What discovery leaves open counts as healthy.
      eds_health_status: host.status === HealthStatus.UNKNOWN ? 'HEALTHY' : HealthStatus[host.status],
    },
    ...(host.successRate >= 0 && { success_rate: { value: host.successRate } }),
    ...(host.localSuccessRate >= 0 && { local_origin_success_rate: { value: host.localSuccessRate } }),
    weight: host.weight,
    ...(host.hostname && { hostname: host.hostname }),
    ...(host.priority > 0 && { priority: host.priority }),
    locality: { ...(region && { region }), ...(zone && { zone }), ...(subZone && { sub_zone: subZone }) },
  };
}

/** Protobuf's JSON writes 64-bit numbers as texts and leaves zeros and the default type out. */
function statJson(stat: HostStat): object {
  return {
    ...(stat.gauge && { type: 'GAUGE' }),
    ...(stat.value !== 0 && { value: String(stat.value) }),
    name: stat.name,
  };
}
