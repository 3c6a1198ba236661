// Turns what a stat belongs to and its own name into both of its public names: Envoy's dotted text, Prometheus' name with labels.
// https://www.envoyproxy.io/docs/envoy/latest/operations/stats_overview, source/common/config/well_known_names.cc
import type { Labels } from '@meltemi/base';

/** The names of one stat. */
export interface StatName {
  /** `cluster.outbound|80||a.upstream_rq_2xx` */
  readonly text: string;
  /** `envoy_cluster_upstream_rq_xx` */
  readonly metric: string;
  /** `{envoy_cluster_name: 'outbound|80||a', envoy_response_code_class: '2'}` */
  readonly labels: Labels;
}

/** The part of a name that stats of one owner share. */
export interface StatPrefix {
  /** Ends with a dot, or is empty. */
  readonly text: string;
  /** Ends with an underscore, or is empty. */
  readonly metric: string;
  readonly labels: Labels;
}

/** What the text names of the program begin with; Prometheus' names begin with `envoy_`. */
export const ROOT_PREFIX: StatPrefix = { text: '', metric: 'envoy_', labels: {} };

/** Adds an owner below `prefix`: `cluster` and `{cluster_name: 'x'}` give `cluster.x.`, metric `cluster_`, label `TAGS cluster_name`. */
export function extendPrefix(prefix: StatPrefix, kind: string, labels: Labels, tagPrefix: string): StatPrefix {
  const values = Object.values(labels).map((value) => `${value}.`);
  const tagged = Object.entries(labels).map(([name, value]) => [`${tagPrefix}${name}`, value]);
  return {
    text: `${prefix.text}${kind}.${values.join('')}`,
    metric: `${prefix.metric}${metricName(kind)}_`,
    labels: { ...prefix.labels, ...Object.fromEntries(tagged) },
  };
}

/**
 * The names of `name` below `prefix`. A response code or its class at the end and a worker at the beginning become labels, as
 * Envoy's tag extraction does.
 */
export function statName(prefix: StatPrefix, name: string, tagPrefix: string): StatName {
  const text = prefix.text + name;
  const byClass = /^(.*_rq)_([1-5])xx$/.exec(name);
  if (byClass) return coded(prefix, text, `${byClass[1]}_xx`, `${tagPrefix}response_code_class`, byClass[2]!);
  const byCode = /^(.*_rq)_(\d{3})$/.exec(name);
  if (byCode) return coded(prefix, text, byCode[1]!, `${tagPrefix}response_code`, byCode[2]!);
  const byWorker = /^worker_(\d+)\.(.*)$/.exec(name);
  if (byWorker) return coded(prefix, text, `worker_${byWorker[2]}`, `${tagPrefix}worker_id`, byWorker[1]!);
  return { text, metric: prefix.metric + metricName(name), labels: prefix.labels };
}

function coded(prefix: StatPrefix, text: string, name: string, label: string, value: string): StatName {
  return { text, metric: prefix.metric + metricName(name), labels: { ...prefix.labels, [label]: value } };
}

function metricName(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9_]/g, '_');
}
