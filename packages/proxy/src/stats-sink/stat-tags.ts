// Reads from the bootstrap's stats_config how labels are named and which every stat has.
import type { StatsConfig } from '@meltemi/api/envoy/config/metrics/v3/stats_pb';
import type { Labels } from '@meltemi/base';

/**
 * Labels that belong to stats (`cluster_name`, `response_code` …) begin with `envoy_`, as Envoy's default tags do. A bootstrap
 * that gives up the defaults to name tags itself, as Istio's, names them without.
 */
export function tagPrefix(config: StatsConfig | undefined): string {
  const ownNames = config?.useAllDefaultTags === false && config.statsTags.length > 0;
  return ownNames ? '' : 'envoy_';
}

/** Tags that have the same value on every stat. */
export function fixedTags(config: StatsConfig | undefined): Labels {
  const fixed = (config?.statsTags ?? []).flatMap(({ tagName, tagValue }) =>
    tagValue.case === 'fixedValue' ? [[tagName.replaceAll('.', '_'), tagValue.value] as const] : [],
  );
  return Object.fromEntries(fixed);
}
