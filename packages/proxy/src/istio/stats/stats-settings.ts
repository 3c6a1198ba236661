// Reads stats.PluginConfig: which of Istio's metrics are kept, and which labels each has more, or has not.
import {
  type MetricConfig,
  type PluginConfig,
  Reporter as ConfiguredReporter,
} from '@meltemi/api/istio/stats/config_pb';
import { compileExpression, type Expression } from '../expression.ts';
import { FilterConfigError } from '../../http/http-config-error.ts';
import { METRICS, type MetricName } from './metric-names.ts';

export interface IstioStatsSettings {
  /** By short name: `requests_total`. */
  readonly metrics: ReadonlyMap<MetricName, MetricRules>;
  /** The host that a request names doesn't count as a service. */
  readonly believesHost: boolean;
  /** A gateway that reports as if it were the destination. */
  readonly reportsAsServer: boolean;
}

export interface MetricRules {
  readonly dropped: boolean;
  /** Labels with their values by expression; they may replace a standard one. */
  readonly tags: ReadonlyMap<string, Expression>;
  readonly removed: readonly string[];
}

const PLAIN: MetricRules = { dropped: false, tags: new Map(), removed: [] };

/** Throws FilterConfigError for an unknown metric or an expression that can't be read. */
export function istioStatsSettings(config: PluginConfig): IstioStatsSettings {
  if (config.definitions.length > 0) {
    throw new FilterConfigError('UNSUPPORTED_FIELD', 'istio.stats: definitions of new metrics are not supported');
  }
  const metrics = new Map<MetricName, MetricRules>();
  for (const metric of config.metrics) {
    for (const name of namesOf(metric)) metrics.set(name, withRules(metrics.get(name) ?? PLAIN, metric));
  }
  return {
    metrics,
    believesHost: !config.disableHostHeaderFallback,
    reportsAsServer: config.reporter === ConfiguredReporter.SERVER_GATEWAY,
  };
}

export function rulesOf(settings: IstioStatsSettings, name: MetricName): MetricRules {
  return settings.metrics.get(name) ?? PLAIN;
}

/** A rule without a name is for all metrics. */
function namesOf({ name, match }: MetricConfig): readonly MetricName[] {
  if (match !== '') throw new FilterConfigError('UNSUPPORTED_FIELD', `istio.stats: match "${match}" is not supported`);
  if (name === '') return METRICS;
  const known = METRICS.find((metric) => metric === name);
  if (!known) throw new FilterConfigError('BAD_FILTER', `istio.stats: unknown metric ${name}`);
  return [known];
}

function withRules(before: MetricRules, { dimensions, tagsToRemove, drop }: MetricConfig): MetricRules {
  const tags = new Map(before.tags);
  for (const [tag, expression] of Object.entries(dimensions))
    tags.set(tag, compileExpression(expression, `tag ${tag}`));
  return { dropped: before.dropped || drop, tags, removed: [...before.removed, ...tagsToRemove] };
}
