// Says which stats are facts of the whole process, that every worker counts alike, and joins the others to sums.
import { joinStats, type Stat, type StatRecord } from '@meltemi/telemetry';

/** Configuration and its sources, the process itself, membership of clusters, limits that are counted in common. */
const OF_PROCESS: readonly RegExp[] = [
  /^(server|listener_manager|cluster_manager|control_plane|sds|runtime|main_thread|overload|thread_local_cluster_manager)\./,
  /^cluster\..*\.(membership_\w+|update_\w+|assignment_\w+|version|max_host_weight|lb_subsets_\w+|config_reload\w*|warming_state|default\.total_match_count)$/,
  /^cluster\..*\.circuit_breakers\.(default|high)\.\w+$/,
  /^(http|listener)\..*\.(rds|scoped_rds|extension_config_discovery)\..*$/,
  /(^|\.)(extension_config_discovery)\./,
  /\.(days_until_first_cert_expiring|ssl_context_update_by_sds|ssl\.certificate\..*)$/,
];

/** `own`: the first worker's. */
export function joinWorkerStats(own: readonly Stat[], others: readonly (readonly StatRecord[])[]): readonly Stat[] {
  return joinStats(own, others, isOfProcess);
}

function isOfProcess(name: string): boolean {
  return OF_PROCESS.some((pattern) => pattern.test(name));
}
