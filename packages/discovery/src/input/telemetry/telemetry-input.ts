// What a listener tells of requests, as plain values: logs, spans and metrics; a part of its cache key.
import type { JsonObject } from '@bufbuild/protobuf';

/** Where a proxy sends what it tells: a cluster that it has, and the name of the host for requests. */
export interface CollectorInput {
  readonly cluster: string;
  readonly authority: string;
}

/** text: empty is the proxy's own format. */
export type LogFormatInput =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'json'; readonly fields: JsonObject };

export interface FileLogInput {
  readonly kind: 'file';
  readonly path: string;
  readonly format: LogFormatInput;
  readonly omitEmpty: boolean;
}

export interface GrpcLogInput {
  readonly kind: 'http-als' | 'tcp-als';
  readonly collector: CollectorInput;
  readonly logName: string;
  readonly filterState: readonly string[];
  readonly requestHeaders: readonly string[];
  readonly responseHeaders: readonly string[];
  readonly responseTrailers: readonly string[];
}

export interface OtelLogInput {
  readonly kind: 'otel-als';
  readonly collector: CollectorInput;
  readonly logName: string;
  readonly body: string;
  readonly attributes: readonly (readonly [string, string])[];
}

/** `condition`: a CEL expression that an entry must meet; empty: all are logged. */
export type AccessLogInput = (FileLogInput | GrpcLogInput | OtelLogInput) & { readonly condition: string };

export type SpanTagInput =
  | { readonly tag: string; readonly kind: 'literal'; readonly value: string }
  | { readonly tag: string; readonly kind: 'environment' | 'header'; readonly name: string; readonly default: string }
  /** Of the dynamic metadata that the authorization filter leaves. */
  | { readonly tag: string; readonly kind: 'authorization'; readonly key: string };

export type TracerInput =
  | {
      readonly kind: 'zipkin';
      readonly collector: CollectorInput;
      readonly path: string;
      readonly longTraceIds: boolean;
      readonly w3c: boolean;
      readonly timeoutMs: number;
      readonly headers: readonly (readonly [string, string])[];
    }
  | {
      readonly kind: 'opentelemetry';
      readonly collector: CollectorInput;
      readonly serviceName: string;
      /** Undefined: spans go by gRPC. */
      readonly httpPath: string | undefined;
      readonly timeoutMs: number | undefined;
      readonly headers: readonly (readonly [string, string])[];
    };

export interface TracingInput {
  /** Undefined: the one that the proxy was started with. */
  readonly tracer: TracerInput | undefined;
  /** Of requests that no caller has decided on: 0–100. */
  readonly sampling: number;
  /** 0: the proxy's own. */
  readonly maxPathTagLength: number;
  readonly tags: readonly SpanTagInput[];
  /** Each try at an upstream is a span of its own. */
  readonly upstreamSpans: boolean;
  /** Whether a request is sampled stands in its id too. */
  readonly sampledInRequestId: boolean;
}

export interface MetricInput {
  readonly name: string;
  readonly drop: boolean;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly removedTags: readonly string[];
}

/** Istio's metrics of one provider. */
export interface StatsInput {
  readonly hostHeaderFallback: boolean;
  /** Undefined: the filter's own, 15 s. */
  readonly tcpReportingMs: number | undefined;
  readonly metrics: readonly MetricInput[];
}
