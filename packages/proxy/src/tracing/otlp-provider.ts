// Tracing by OpenTelemetry: W3C headers, and spans sent as OTLP by gRPC or HTTP to a collector's cluster.
// https://opentelemetry.io/docs/specs/otlp/
import { create, toBinary } from '@bufbuild/protobuf';
import type { HttpService } from '@meltemi/api/envoy/config/core/v3/http_service_pb';
import type { OpenTelemetryConfig } from '@meltemi/api/envoy/config/trace/v3/opentelemetry_pb';
import { InstrumentationScopeSchema } from '@meltemi/api/opentelemetry/proto/common/v1/common_pb';
import { ResourceSchema } from '@meltemi/api/opentelemetry/proto/resource/v1/resource_pb';
import {
  Span_SpanKind as Kind,
  SpanSchema,
  Status_StatusCode as Code,
} from '@meltemi/api/opentelemetry/proto/trace/v1/trace_pb';
import { textField } from '../accesslog/otlp-value.ts';
import { callGrpc } from '../call/grpc-call.ts';
import { grpcTarget } from '../call/grpc-target.ts';
import { bytesField, repeatedField } from '../call/protobuf-fields.ts';
import { sendTo, serviceCollector } from './collector-service.ts';
import type { TracingProvider } from './request-tracer.ts';
import type { FinishedSpan } from './span.ts';
import { type SendSpans, SpanExporter } from './span-exporter.ts';
import { spanId } from './span-ids.ts';
import { TracingConfigError } from './tracing-config-error.ts';
import type { TracingParts } from './tracing-parts.ts';
import { extractW3c, injectW3c } from './w3c-headers.ts';

const METHOD = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
const TIMEOUT_MS = 5000;
const MAX_ANSWER_BYTES = 64 * 1024;
/** Of ExportTraceServiceRequest, ResourceSpans and ScopeSpans. */
const FIELD = { resourceSpans: 1, resource: 1, scopeSpans: 2, scope: 1, spans: 2 } as const;
const SCOPE = toBinary(InstrumentationScopeSchema, create(InstrumentationScopeSchema, { name: 'envoy' }));
/** Bits of a span's flags above those of W3C: whether its parent's place is known, and is another process. */
const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

/** Throws a typed error for what can't be honoured. */
export function otlpProvider(config: OpenTelemetryConfig, parts: TracingParts): TracingProvider {
  refuseExtensions(config);
  const send = config.httpService ? byHttp(config.httpService, parts) : byGrpc(config, parts);
  const wrap = requestAround(config.serviceName || 'unknown_service:envoy');
  const exporter = new SpanExporter(
    (spans, done) => send(wrap(spans), done),
    parts.clock,
    parts.stats.scope('tracing.opentelemetry'),
  );
  return {
    reporter: { report: (span) => exporter.add(encode(span)), close: () => exporter.close() },
    sharesSpans: false,
    samplesAnew: true,
    extract: extractW3c,
    inject: injectW3c,
    newTrace: (dice) => ({ traceId: spanId(dice) + spanId(dice), spanId: spanId(dice) }),
    newSpanId: spanId,
    spanName: (inbound, authority) => (inbound ? 'ingress' : `egress ${authority}`),
  };
}

function refuseExtensions({ resourceDetectors, sampler }: OpenTelemetryConfig): void {
  const [refused] = [...resourceDetectors, ...(sampler ? [sampler] : [])];
  if (!refused) return;
  throw new TracingConfigError(
    'UNSUPPORTED_FIELD',
    `tracing opentelemetry: extension ${refused.name} is not supported`,
  );
}

function encode(span: FinishedSpan): Uint8Array {
  const { traceId, spanId: id, parentId, state } = span.context;
  const start = BigInt(Math.round(span.startMs * 1000)) * 1000n;
  return toBinary(
    SpanSchema,
    create(SpanSchema, {
      traceId: Buffer.from(traceId, 'hex'),
      spanId: Buffer.from(id, 'hex'),
      traceState: state,
      ...(parentId !== undefined && { parentSpanId: Buffer.from(parentId, 'hex') }),
      name: span.name,
      kind: span.kind === 'server' ? Kind.SERVER : Kind.CLIENT,
      startTimeUnixNano: start,
      endTimeUnixNano: start + BigInt(Math.round(span.durationMs * 1000)) * 1000n,
      attributes: span.tags.map(([key, value]) => textField(key, value)),
      ...(span.error && { status: { code: Code.ERROR } }),
      flags: 1 | HAS_IS_REMOTE | (span.remoteParent ? IS_REMOTE : 0),
    }),
  );
}

/** The request to export spans, with what sends them. */
function requestAround(serviceName: string): (spans: readonly Uint8Array[]) => Uint8Array {
  const attributes = [
    textField('telemetry.sdk.name', 'envoy'),
    textField('service.name', serviceName),
    textField('telemetry.sdk.language', 'nodejs'),
  ];
  const resource = bytesField(FIELD.resource, toBinary(ResourceSchema, create(ResourceSchema, { attributes })));
  return (spans) => {
    const scoped = Buffer.concat([bytesField(FIELD.scope, SCOPE), repeatedField(FIELD.spans, spans)]);
    return bytesField(FIELD.resourceSpans, Buffer.concat([resource, bytesField(FIELD.scopeSpans, scoped)]));
  };
}

type SendRequest = (message: Uint8Array, done: Parameters<SendSpans>[1]) => void;

function byGrpc({ grpcService }: OpenTelemetryConfig, { clusters, clock }: TracingParts): SendRequest {
  const {
    cluster,
    authority,
    metadata,
    timeoutMs = TIMEOUT_MS,
  } = grpcTarget(grpcService, 'tracing opentelemetry: grpc_service');
  const method = { cluster, path: METHOD, authority, metadata, timeoutMs, maxResponseBytes: MAX_ANSWER_BYTES };
  return (message, done) =>
    void callGrpc(clusters, { ...method, message }, clock, ({ status }) => {
      if (status === 0) done('taken');
      else done(clusters.get(cluster) ? 'refused' : 'no-cluster');
    });
}

function byHttp(service: HttpService, parts: TracingParts): SendRequest {
  const collector = serviceCollector(service, 'application/x-protobuf', 'tracing opentelemetry: http_service');
  return sendTo(collector, (status) => status === 200, parts);
}
