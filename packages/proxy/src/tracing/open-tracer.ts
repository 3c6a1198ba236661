// The tracing of a connection manager → what follows its requests through their traces.
import { OpenTelemetryConfigSchema } from '@meltemi/api/envoy/config/trace/v3/opentelemetry_pb';
import { ZipkinConfigSchema } from '@meltemi/api/envoy/config/trace/v3/zipkin_pb';
import type { HttpConnectionManager_Tracing as Tracing } from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { unpackAny } from '@meltemi/api';
import type { StatsStore } from '@meltemi/telemetry';
import { NO_ENVIRONMENT } from '../environment.ts';
import { compileCustomTag } from './custom-tag.ts';
import { RequestTracer, type TraceCounts, type TracingProvider } from './request-tracer.ts';
import { otlpProvider } from './otlp-provider.ts';
import { SILENT_PROVIDER } from './silent-provider.ts';
import { listenerSampling } from './sampling.ts';
import { TracingConfigError } from './tracing-config-error.ts';
import type { TracingParts } from './tracing-parts.ts';
import { zipkinProvider } from './zipkin-provider.ts';

/** Envoy's default. */
const MAX_PATH_LENGTH = 256;

export interface TracedListener {
  readonly statPrefix: string;
  /** Requests come to this proxy's own service. */
  readonly inbound: boolean;
}

/** Undefined: nothing is traced. Throws a typed error for what can't be honoured. */
export function openTracer(
  tracing: Tracing | undefined,
  listener: TracedListener,
  parts: TracingParts,
): RequestTracer | undefined {
  if (!tracing) return undefined;
  const { environment = NO_ENVIRONMENT } = parts;
  const custom = tracing.customTags.map((tag) => compileCustomTag(tag, environment));
  const settings = {
    sampling: listenerSampling(tracing),
    inbound: listener.inbound,
    environment,
    spawnUpstreamSpan: tracing.spawnUpstreamSpan ?? false,
    tags: {
      nodeId: parts.node?.id ?? '',
      zone: parts.node?.locality?.zone ?? '',
      maxPathLength: tracing.maxPathTagLength ?? MAX_PATH_LENGTH,
      custom,
    },
  };
  const provider = tracing.provider ? providerOf(tracing.provider, parts) : SILENT_PROVIDER;
  return new RequestTracer(settings, provider, parts.dice, traceCounts(parts.stats, listener.statPrefix));
}

function providerOf({ name, configType }: NonNullable<Tracing['provider']>, parts: TracingParts): TracingProvider {
  const any = configType.value;
  const zipkin = unpackAny(any, ZipkinConfigSchema);
  if (zipkin) return zipkinProvider(zipkin, parts);
  const otlp = unpackAny(any, OpenTelemetryConfigSchema);
  if (otlp) return otlpProvider(otlp, parts);
  throw new TracingConfigError(
    'UNSUPPORTED_PROVIDER',
    `tracing provider ${name}: ${any?.typeUrl ?? 'no typed_config'} is not supported`,
  );
}

function traceCounts(stats: StatsStore, prefix: string): TraceCounts {
  const scope = stats.scope('http', { http_conn_manager_prefix: prefix });
  const counters = {
    sampled: scope.counter('tracing.random_sampling'),
    service: scope.counter('tracing.service_forced'),
    client: scope.counter('tracing.client_enabled'),
    none: scope.counter('tracing.not_traceable'),
  };
  return { count: (reason) => counters[reason].increment(), close: () => scope.close() };
}
