// Extension providers: services outside of the proxy that a MeshConfig names and policies refer to.
// https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig-ExtensionProvider
import { anything, count, flag, list, message, oneOfTexts, portNumber, text, texts } from '../schema.ts';
import { duration, nonEmpty } from '../text-check.ts';

/** One of the fields beside `name` says what it is. */
export interface ExtensionProvider {
  readonly name: string;
  readonly prometheus?: object;
  readonly zipkin?: ZipkinProvider;
  readonly opentelemetry?: OpenTelemetryProvider;
  readonly envoyFileAccessLog?: FileLogProvider;
  readonly envoyHttpAls?: HttpLogProvider;
  readonly envoyTcpAls?: LogProvider;
  readonly envoyOtelAls?: OtelLogProvider;
  readonly envoyExtAuthzHttp?: object;
  readonly envoyExtAuthzGrpc?: object;
}

/** `service`: `HOST` or `NAMESPACE/HOST`. */
export interface ProviderService {
  readonly service: string;
  readonly port: number;
}

export interface ProviderHeader {
  readonly name: string;
  readonly value?: string;
  readonly envName?: string;
}

export interface ZipkinProvider extends ProviderService {
  readonly maxTagLength?: number;
  readonly enable64bitTraceId?: boolean;
  readonly path?: string;
  readonly traceContextOption?: 'USE_B3' | 'USE_B3_WITH_W3C_PROPAGATION';
  readonly timeout?: string;
  readonly headers?: readonly ProviderHeader[];
}

export interface OpenTelemetryProvider extends ProviderService {
  readonly maxTagLength?: number;
  readonly http?: { readonly path: string; readonly timeout?: string; readonly headers?: readonly ProviderHeader[] };
  readonly grpc?: { readonly timeout?: string; readonly initialMetadata?: readonly ProviderHeader[] };
  readonly resourceDetectors?: { readonly environment?: object; readonly dynatrace?: object };
  readonly dynatraceSampler?: object;
}

export interface FileLogProvider {
  readonly path?: string;
  readonly logFormat?: { readonly text?: string; readonly labels?: Readonly<Record<string, unknown>> };
  readonly omitEmptyValues?: boolean;
}

export interface LogProvider extends ProviderService {
  readonly logName?: string;
  readonly filterStateObjectsToLog?: readonly string[];
}

export interface HttpLogProvider extends LogProvider {
  readonly additionalRequestHeadersToLog?: readonly string[];
  readonly additionalResponseHeadersToLog?: readonly string[];
  readonly additionalResponseTrailersToLog?: readonly string[];
}

export interface OtelLogProvider extends ProviderService {
  readonly logName?: string;
  readonly logFormat?: { readonly text?: string; readonly labels?: Readonly<Record<string, unknown>> };
}

const service = { service: nonEmpty, port: portNumber };
const asked = { required: ['service', 'port'] };
const header = message(
  { name: nonEmpty, value: text(), envName: text() },
  { required: ['name'], oneOf: [['value', 'envName']] },
);
const httpExport = message({ path: nonEmpty, timeout: duration, headers: list(header) }, { required: ['path'] });
const logService = { ...service, logName: text(), filterStateObjectsToLog: texts };
const logFormat = { text: text(), labels: anything };

/** Which the mesh can't use are checked no further than by their name. */
export const UNSERVED_PROVIDERS = ['lightstep', 'datadog', 'stackdriver', 'opencensus', 'skywalking', 'sds'] as const;

const providers = {
  prometheus: message({}),
  zipkin: message(
    {
      ...service,
      maxTagLength: count,
      enable64bitTraceId: flag,
      path: text(),
      traceContextOption: oneOfTexts('USE_B3', 'USE_B3_WITH_W3C_PROPAGATION'),
      timeout: duration,
      headers: list(header),
    },
    asked,
  ),
  opentelemetry: message(
    {
      ...service,
      maxTagLength: count,
      http: httpExport,
      grpc: message({ timeout: duration, initialMetadata: list(header) }),
      resourceDetectors: message({ environment: anything, dynatrace: anything }),
      serviceAttributeEnrichment: oneOfTexts('ISTIO_CANONICAL', 'OTEL_SEMANTIC_CONVENTIONS'),
      dynatraceSampler: anything,
    },
    { ...asked, oneOf: [['http', 'grpc']] },
  ),
  envoyFileAccessLog: message({
    path: text(),
    logFormat: message(logFormat, { oneOf: [['text', 'labels']] }),
    omitEmptyValues: flag,
  }),
  envoyHttpAls: message(
    {
      ...logService,
      additionalRequestHeadersToLog: texts,
      additionalResponseHeadersToLog: texts,
      additionalResponseTrailersToLog: texts,
    },
    asked,
  ),
  envoyTcpAls: message(logService, asked),
  envoyOtelAls: message({ ...service, logName: text(), logFormat: message(logFormat) }, asked),
  envoyExtAuthzHttp: anything,
  envoyExtAuthzGrpc: anything,
  ...Object.fromEntries(UNSERVED_PROVIDERS.map((name) => [name, anything])),
};

export const extensionProvider = message(
  { name: nonEmpty, ...providers },
  { required: ['name'], oneOf: [Object.keys(providers)] },
);

export const defaultProviders = message({ tracing: texts, metrics: texts, accessLogging: texts });

/** Where custom tags of spans come from. */
export const proxyTracingTag = message(
  {
    literal: message({ value: text() }),
    environment: message({ name: nonEmpty, defaultValue: text() }),
    header: message({ name: nonEmpty, defaultValue: text() }),
  },
  { oneOf: [['literal', 'environment', 'header']] },
);
