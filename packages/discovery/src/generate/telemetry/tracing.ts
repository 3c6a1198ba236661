// TracingInput → the tracing of a connection manager.
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { packAny } from '@meltemi/api';
import { type Tracing_Http, Tracing_HttpSchema } from '@meltemi/api/envoy/config/trace/v3/http_tracer_pb';
import { OpenTelemetryConfigSchema } from '@meltemi/api/envoy/config/trace/v3/opentelemetry_pb';
import {
  ZipkinConfig_CollectorEndpointVersion as Endpoint,
  ZipkinConfig_TraceContextOption as TraceContext,
  ZipkinConfigSchema,
} from '@meltemi/api/envoy/config/trace/v3/zipkin_pb';
import {
  type HttpConnectionManager_Tracing,
  HttpConnectionManager_TracingSchema,
} from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { type CustomTag, CustomTagSchema } from '@meltemi/api/envoy/type/tracing/v3/custom_tag_pb';
import type { SpanTagInput, TracerInput, TracingInput } from '../../input/telemetry/telemetry-input.ts';
import { collectorService, collectorUri } from './collector-service.ts';

const EXPORT_TIMEOUT_MS = 10_000;

export function managerTracing(input: TracingInput): HttpConnectionManager_Tracing {
  return create(HttpConnectionManager_TracingSchema, {
    ...(input.tracer && { provider: tracer(input.tracer) }),
    clientSampling: { value: 100 },
    overallSampling: { value: 100 },
    randomSampling: { value: input.sampling },
    ...(input.maxPathTagLength > 0 && { maxPathTagLength: input.maxPathTagLength }),
    ...(input.upstreamSpans && { spawnUpstreamSpan: true }),
    customTags: input.tags.map(customTag),
  });
}

function tracer(input: TracerInput): Tracing_Http {
  const [name, value]: readonly [string, Any] =
    input.kind === 'zipkin'
      ? ['envoy.tracers.zipkin', packAny(ZipkinConfigSchema, zipkin(input))]
      : ['envoy.tracers.opentelemetry', packAny(OpenTelemetryConfigSchema, openTelemetry(input))];
  return create(Tracing_HttpSchema, { name, configType: { case: 'typedConfig', value } });
}

function zipkin({ collector, path, longTraceIds, w3c, ...call }: Extract<TracerInput, { kind: 'zipkin' }>) {
  return create(ZipkinConfigSchema, {
    collectorService: collectorUri(collector, path, call),
    collectorEndpointVersion: Endpoint.HTTP_JSON,
    traceId128bit: longTraceIds,
    sharedSpanContext: false,
    traceContextOption: w3c ? TraceContext.USE_B3_WITH_W3C_PROPAGATION : TraceContext.USE_B3,
  });
}

function openTelemetry(input: Extract<TracerInput, { kind: 'opentelemetry' }>) {
  const { collector, serviceName, httpPath, timeoutMs = EXPORT_TIMEOUT_MS, headers } = input;
  return create(OpenTelemetryConfigSchema, {
    serviceName,
    ...(httpPath === undefined
      ? { grpcService: collectorService(collector, { timeoutMs: input.timeoutMs, headers }) }
      : { httpService: collectorUri(collector, httpPath, { timeoutMs, headers }) }),
  });
}

function customTag(input: SpanTagInput): CustomTag {
  return create(CustomTagSchema, { tag: input.tag, type: tagType(input) });
}

function tagType(input: SpanTagInput): MessageInitShape<typeof CustomTagSchema>['type'] {
  switch (input.kind) {
    case 'literal':
      return { case: 'literal', value: { value: input.value } };
    case 'environment':
      return { case: 'environment', value: { name: input.name, defaultValue: input.default } };
    case 'header':
      return { case: 'requestHeader', value: { name: input.name, defaultValue: input.default } };
    case 'authorization':
      return {
        case: 'metadata',
        value: {
          kind: { kind: { case: 'request', value: {} } },
          metadataKey: {
            key: 'envoy.filters.http.rbac',
            path: [{ segment: { case: 'key', value: input.key } }],
          },
        },
      };
  }
}
