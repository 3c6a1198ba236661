// Tracing by Zipkin: B3 headers, and spans sent by HTTP to a collector's cluster.
import {
  type ZipkinConfig,
  ZipkinConfig_CollectorEndpointVersion as Version,
} from '@meltemi/api/envoy/config/trace/v3/zipkin_pb';
import { repeatedField } from '../call/protobuf-fields.ts';
import { zipkinHeaders } from './zipkin-headers.ts';
import { type Collector, collectorAt, sendTo, serviceCollector } from './collector-service.ts';
import type { TracingProvider } from './request-tracer.ts';
import { type SendSpans, SpanExporter } from './span-exporter.ts';
import { spanId } from './span-ids.ts';
import type { TracingParts } from './tracing-parts.ts';
import { TracingConfigError } from './tracing-config-error.ts';
import { zipkinJson, zipkinProto } from './zipkin-span.ts';

/** `spans` of ListOfSpans. */
const SPANS = 1;

/** Throws TracingConfigError for what can't be honoured. */
export function zipkinProvider(config: ZipkinConfig, parts: TracingParts): TracingProvider {
  const json = isJson(config.collectorEndpointVersion);
  const encode = json ? zipkinJson : zipkinProto;
  const exporter = new SpanExporter(sender(config, json, parts), parts.clock, parts.stats.scope('tracing.zipkin'));
  const serviceName = parts.node?.cluster ?? '';
  return {
    reporter: { report: (span) => exporter.add(encode(span, serviceName)), close: () => exporter.close() },
    sharesSpans: config.sharedSpanContext ?? true,
    samplesAnew: false,
    ...zipkinHeaders(config.traceContextOption),
    newTrace(dice) {
      const id = spanId(dice);
      return { traceId: config.traceId128bit ? spanId(dice) + id : id, spanId: id };
    },
    newSpanId: spanId,
    spanName: (_inbound, authority) => authority,
  };
}

function isJson(version: Version): boolean {
  switch (version) {
    case Version.HTTP_JSON:
      return true;
    case Version.HTTP_PROTO:
      return false;
    default:
      throw new TracingConfigError(
        'UNSUPPORTED_FIELD',
        `tracing zipkin: collector_endpoint_version ${Version[version]} is not supported`,
      );
  }
}

function sender(config: ZipkinConfig, json: boolean, parts: TracingParts): SendSpans {
  const send = sendTo(collectorOf(config, json), (status) => status === 202 || status === 200, parts);
  return (spans, done) =>
    send(json ? Buffer.from(`[${spans.map(String).join(',')}]`) : repeatedField(SPANS, spans), done);
}

/** The service counts for more than the older fields. */
function collectorOf(config: ZipkinConfig, json: boolean): Collector {
  const { collectorService: service, collectorCluster: cluster } = config;
  const contentType = json ? 'application/json' : 'application/x-protobuf';
  if (service) return serviceCollector(service, contentType, 'tracing zipkin: collector_service');
  if (cluster === '') throw new TracingConfigError('BAD_VALUE', 'tracing zipkin: no collector_cluster');
  return collectorAt(cluster, config.collectorHostname || cluster, config.collectorEndpoint || '/', contentType);
}
