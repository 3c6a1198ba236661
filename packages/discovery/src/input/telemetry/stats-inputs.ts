// Telemetries → Istio's metrics of a proxy's listeners.
// https://istio.io/latest/docs/reference/config/telemetry/#Metrics
import { parseDuration } from '@meltemi/base';
import type { Metrics, Telemetry } from '@meltemi/config';
import type { MeshSettings } from '../../mesh.ts';
import { isOf, providerByName, withProviders } from './provider-choice.ts';
import type { MetricInput, StatsInput } from './telemetry-input.ts';

type Override = NonNullable<Metrics['overrides']>[number];

/** By Istio's name of a metric, the filter's. */
const METRICS: Readonly<Record<string, string>> = {
  REQUEST_COUNT: 'requests_total',
  REQUEST_DURATION: 'request_duration_milliseconds',
  REQUEST_SIZE: 'request_bytes',
  RESPONSE_SIZE: 'response_bytes',
  TCP_OPENED_CONNECTIONS: 'tcp_connections_opened_total',
  TCP_CLOSED_CONNECTIONS: 'tcp_connections_closed_total',
  TCP_SENT_BYTES: 'tcp_sent_bytes_total',
  TCP_RECEIVED_BYTES: 'tcp_received_bytes_total',
  GRPC_REQUEST_MESSAGES: 'request_messages_total',
  GRPC_RESPONSE_MESSAGES: 'response_messages_total',
};

/** One for each provider that counts as Prometheus does. */
export function statsInputs(
  telemetries: readonly Telemetry[],
  { providers, defaultProviders }: MeshSettings,
  { mode, hostHeaderFallback }: { readonly mode: 'CLIENT' | 'SERVER'; readonly hostHeaderFallback: boolean },
): readonly StatsInput[] {
  const entries = withProviders(
    telemetries.flatMap(({ metrics = [] }) => metrics),
    defaultProviders.metrics,
  );
  const inScope = entries.at(-1)?.names ?? defaultProviders.metrics;
  return [...new Set(inScope)].sort().flatMap((name) => {
    if (!providerByName(providers, name)?.prometheus) return [];
    const own = entries.filter(({ names }) => names.includes(name)).map(({ entry }) => entry);
    const metrics = metricInputs(own, mode);
    const interval = own.findLast(({ reportingInterval }) => reportingInterval)?.reportingInterval;
    const tcpReportingMs = interval === undefined ? undefined : parseDuration(interval);
    return metrics ? [{ hostHeaderFallback, tcpReportingMs, metrics }] : [];
  });
}

/** Undefined where all metrics are turned off, and none is turned on again. */
function metricInputs(entries: readonly Metrics[], mode: 'CLIENT' | 'SERVER'): readonly MetricInput[] | undefined {
  const metrics = new Map<string, MetricInput>();
  let off = false;
  for (const override of entries.flatMap(({ overrides = [] }) => overrides)) {
    if (!isOf(override.match?.mode, mode)) continue;
    const names = namesOf(override);
    if (!names && override.disabled) {
      off = true;
      continue;
    }
    off = false;
    for (const name of names ?? Object.values(METRICS))
      metrics.set(name, overridden(metrics.get(name), name, override));
  }
  if (off) return undefined;
  return [...metrics.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Undefined: all. */
function namesOf({ match }: Override): readonly string[] | undefined {
  if (match?.customMetric) return [match.customMetric];
  return match?.metric && match.metric !== 'ALL_METRICS' ? [METRICS[match.metric] ?? match.metric] : undefined;
}

function overridden(before: MetricInput | undefined, name: string, override: Override): MetricInput {
  const dimensions = { ...before?.dimensions };
  const removed = new Set(before?.removedTags);
  for (const [tag, { operation, value = '' }] of Object.entries(override.tagOverrides ?? {})) {
    removed.delete(tag);
    delete dimensions[tag];
    if (operation === 'REMOVE') removed.add(tag);
    else dimensions[tag] = value;
  }
  return { name, drop: override.disabled ?? before?.drop ?? false, dimensions, removedTags: [...removed].sort() };
}
