// AccessLogInput → the access logs of a listener's filter.
import { create, type DescMessage, type MessageInitShape, type MessageShape } from '@bufbuild/protobuf';
import { packAny } from '@meltemi/api';
import {
  type AccessLog,
  type AccessLogFilter,
  AccessLogFilterSchema,
  AccessLogSchema,
} from '@meltemi/api/envoy/config/accesslog/v3/accesslog_pb';
import { ApiVersion } from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import { TypedExtensionConfigSchema } from '@meltemi/api/envoy/config/core/v3/extension_pb';
import {
  type SubstitutionFormatString,
  SubstitutionFormatStringSchema,
} from '@meltemi/api/envoy/config/core/v3/substitution_format_string_pb';
import { FileAccessLogSchema } from '@meltemi/api/envoy/extensions/access_loggers/file/v3/file_pb';
import { ExpressionFilterSchema } from '@meltemi/api/envoy/extensions/access_loggers/filters/cel/v3/cel_pb';
import {
  type CommonGrpcAccessLogConfigSchema,
  HttpGrpcAccessLogConfigSchema,
  TcpGrpcAccessLogConfigSchema,
} from '@meltemi/api/envoy/extensions/access_loggers/grpc/v3/als_pb';
import { OpenTelemetryAccessLogConfigSchema } from '@meltemi/api/envoy/extensions/access_loggers/open_telemetry/v3/logs_service_pb';
import { ReqWithoutQuerySchema } from '@meltemi/api/envoy/extensions/formatter/req_without_query/v3/req_without_query_pb';
import type {
  AccessLogInput,
  CollectorInput,
  FileLogInput,
  GrpcLogInput,
  OtelLogInput,
} from '../input/telemetry/telemetry-input.ts';
import { collectorService } from './telemetry/collector-service.ts';

/** Envoy's response flag of who found no chain or route. */
const NO_ROUTE = create(AccessLogFilterSchema, {
  filterSpecifier: { case: 'responseFlagFilter', value: { flags: ['NR'] } },
});

/** Of a listener: of connections that no chain takes. */
export function chainlessLogs(inputs: readonly AccessLogInput[]): AccessLog[] {
  return inputs.map((input) => ({ ...accessLog(input), filter: both(NO_ROUTE, condition(input)) }));
}

export function accessLogs(inputs: readonly AccessLogInput[]): AccessLog[] {
  return inputs.map((input) => {
    const filter = condition(input);
    return { ...accessLog(input), ...(filter && { filter }) };
  });
}

function accessLog(input: AccessLogInput): AccessLog {
  switch (input.kind) {
    case 'file':
      return log('envoy.access_loggers.file', FileAccessLogSchema, fileLog(input));
    case 'http-als':
      return log('envoy.access_loggers.http_grpc', HttpGrpcAccessLogConfigSchema, httpLog(input));
    case 'tcp-als':
      return log(
        'envoy.access_loggers.tcp_grpc',
        TcpGrpcAccessLogConfigSchema,
        create(TcpGrpcAccessLogConfigSchema, { commonConfig: common(input, input.filterState) }),
      );
    case 'otel-als':
      return log('envoy.access_loggers.open_telemetry', OpenTelemetryAccessLogConfigSchema, otelLog(input));
  }
}

function log<Desc extends DescMessage>(name: string, schema: Desc, config: MessageShape<Desc>): AccessLog {
  return create(AccessLogSchema, { name, configType: { case: 'typedConfig', value: packAny(schema, config) } });
}

function condition({ condition: expression }: AccessLogInput): AccessLogFilter | undefined {
  if (!expression) return undefined;
  const value = packAny(ExpressionFilterSchema, create(ExpressionFilterSchema, { expression }));
  return create(AccessLogFilterSchema, {
    filterSpecifier: {
      case: 'extensionFilter',
      value: { name: 'envoy.access_loggers.extension_filters.cel', configType: { case: 'typedConfig', value } },
    },
  });
}

function both(one: AccessLogFilter, other: AccessLogFilter | undefined): AccessLogFilter {
  if (!other) return one;
  return create(AccessLogFilterSchema, { filterSpecifier: { case: 'andFilter', value: { filters: [one, other] } } });
}

function fileLog({ path, format, omitEmpty }: FileLogInput) {
  const own = format.kind === 'text' && format.text === '' && !omitEmpty;
  return create(FileAccessLogSchema, {
    path,
    ...(!own && { accessLogFormat: { case: 'logFormat', value: logFormat(format, omitEmpty) } }),
  });
}

function logFormat(format: FileLogInput['format'], omitEmptyValues: boolean): SubstitutionFormatString {
  const json = format.kind === 'json';
  return create(SubstitutionFormatStringSchema, {
    format: json
      ? { case: 'jsonFormat', value: format.fields }
      : { case: 'textFormatSource', value: { specifier: { case: 'inlineString', value: format.text } } },
    ...(json && { jsonFormatOptions: { sortProperties: false } }),
    omitEmptyValues,
    formatters: formatters(json ? Object.values(format.fields) : [format.text]),
  });
}

/** An operator that only an extension knows. */
function formatters(operators: readonly unknown[]) {
  if (!operators.some((each) => typeof each === 'string' && each.includes('%REQ_WITHOUT_QUERY'))) return [];
  return [
    create(TypedExtensionConfigSchema, {
      name: 'envoy.formatter.req_without_query',
      typedConfig: packAny(ReqWithoutQuerySchema, create(ReqWithoutQuerySchema)),
    }),
  ];
}

function common(
  { collector, logName }: { readonly collector: CollectorInput; readonly logName: string },
  filterState: readonly string[],
): MessageInitShape<typeof CommonGrpcAccessLogConfigSchema> {
  return {
    logName,
    grpcService: collectorService(collector),
    transportApiVersion: ApiVersion.V3,
    filterStateObjectsToLog: [...filterState],
  };
}

function httpLog(input: GrpcLogInput) {
  return create(HttpGrpcAccessLogConfigSchema, {
    commonConfig: common(input, input.filterState),
    additionalRequestHeadersToLog: [...input.requestHeaders],
    additionalResponseHeadersToLog: [...input.responseHeaders],
    additionalResponseTrailersToLog: [...input.responseTrailers],
  });
}

function otelLog({ body, attributes, ...input }: OtelLogInput) {
  const text = (value: string) => ({ value: { case: 'stringValue' as const, value } });
  return create(OpenTelemetryAccessLogConfigSchema, {
    commonConfig: common(input, []),
    disableBuiltinLabels: true,
    body: text(body),
    ...(attributes.length > 0 && {
      attributes: { values: attributes.map(([key, value]) => ({ key, value: text(value) })) },
    }),
    formatters: formatters([body, ...attributes.map(([, value]) => value)]),
  });
}
