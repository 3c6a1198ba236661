// Tracing by Zipkin: B3 headers, and spans sent by HTTP to a collector's cluster.
import {
  type ZipkinConfig,
  ZipkinConfig_CollectorEndpointVersion as Version,
} from '@meltemi/api/envoy/config/trace/v3/zipkin_pb';
import { Headers } from '@meltemi/wire';
import { repeatedField } from '../call/protobuf-fields.ts';
import { callHttp, type HttpCall } from '../call/http-call.ts';
import { type B3Form, extractB3, injectB3 } from './b3-headers.ts';
import type { TracingProvider } from './request-tracer.ts';
import { type SendSpans, SpanExporter } from './span-exporter.ts';
import { spanId } from './span-ids.ts';
import type { TracingParts } from './tracing-parts.ts';
import { TracingConfigError } from './tracing-config-error.ts';
import { zipkinJson, zipkinProto } from './zipkin-span.ts';

const TIMEOUT_MS = 5000;
const MAX_ANSWER_BYTES = 64 * 1024;
/** `spans` of ListOfSpans. */
const SPANS = 1;

/** Throws TracingConfigError for what can't be honoured. */
export function zipkinProvider(config: ZipkinConfig, parts: TracingParts): TracingProvider {
  const json = isJson(config.collectorEndpointVersion);
  if (config.collectorCluster === '') throw new TracingConfigError('BAD_VALUE', 'tracing zipkin: no collector_cluster');
  const encode = json ? zipkinJson : zipkinProto;
  const exporter = new SpanExporter(sender(config, json, parts), parts.clock, parts.stats.scope('tracing.zipkin'));
  const serviceName = parts.node?.cluster ?? '';
  return {
    reporter: { report: (span) => exporter.add(encode(span, serviceName)), close: () => exporter.close() },
    sharesSpans: config.sharedSpanContext ?? true,
    samplesAnew: false,
    extract: extractB3,
    inject: (headers, context, form) => injectB3(headers, context, form as B3Form),
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

function sender(config: ZipkinConfig, json: boolean, { clusters, clock }: TracingParts): SendSpans {
  const { collectorCluster: cluster, collectorEndpoint: target } = config;
  const headers = new Headers();
  headers.set('host', config.collectorHostname || cluster);
  headers.set('content-type', json ? 'application/json' : 'application/x-protobuf');
  return (spans, done) => {
    const body = json ? Buffer.from(`[${spans.map(String).join(',')}]`) : repeatedField(SPANS, spans);
    const call: HttpCall = {
      cluster,
      method: 'POST',
      target: target || '/',
      headers,
      body,
      timeoutMs: TIMEOUT_MS,
      maxResponseBytes: MAX_ANSWER_BYTES,
    };
    callHttp(clusters, call, clock, (result) => {
      if (result.kind === 'failed') done(result.reason === 'no-cluster' ? 'no-cluster' : 'refused');
      else done(result.status === 202 || result.status === 200 ? 'taken' : 'refused');
    });
  };
}
