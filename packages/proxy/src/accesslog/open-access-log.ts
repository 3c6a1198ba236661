// Builds the log of an `access_log` entry: a file or stream of lines, or a service that takes entries.
import type { AccessLog as AccessLogConfig } from '@meltemi/api/envoy/config/accesslog/v3/accesslog_pb';
import {
  HttpGrpcAccessLogConfigSchema,
  TcpGrpcAccessLogConfigSchema,
} from '@meltemi/api/envoy/extensions/access_loggers/grpc/v3/als_pb';
import { OpenTelemetryAccessLogConfigSchema } from '@meltemi/api/envoy/extensions/access_loggers/open_telemetry/v3/logs_service_pb';
import { unpackAny } from '@meltemi/api';
import { type AccessLog, type AccessLogEntry, accessLogOf, compileFilter, type StatsStore } from '@meltemi/telemetry';
import { requestId } from '../http/request-id.ts';
import type { AccessLogParts } from './access-log-parts.ts';
import { filterParts } from './filter-parts.ts';
import { GrpcLog, type LogCounts } from './grpc-log.ts';
import { commonLogSettings } from './grpc-log-settings.ts';
import { OtlpLog } from './otlp-log.ts';
import { httpEntry, type LoggedHeaders, tcpEntry } from './wire-entry.ts';

/** Throws a typed error for what can't be honoured. */
export function openAccessLog(config: AccessLogConfig, parts: AccessLogParts): AccessLog {
  const { clock, dice, accessLogs } = parts;
  const filters = filterParts(dice);
  const service = serviceLog(config, parts);
  if (!service) {
    return accessLogOf(config, { ...accessLogs, now: () => clock.now(), uuid: () => requestId(dice), filters });
  }
  const passes = compileFilter(config.filter, filters);
  return {
    log(entry) {
      if (passes(entry)) service.log(entry);
    },
    close: () => service.close(),
  };
}

/** Undefined: it is no service. */
function serviceLog(config: AccessLogConfig, parts: AccessLogParts): AccessLog | undefined {
  const any = config.configType.value;
  const http = unpackAny(any, HttpGrpcAccessLogConfigSchema);
  if (http) {
    const { extras, ...common } = commonLogSettings(http.commonConfig, `access log ${config.name}`, parts.environment);
    const headers: LoggedHeaders = {
      request: lowerCase(http.additionalRequestHeadersToLog),
      response: lowerCase(http.additionalResponseHeadersToLog),
      trailers: lowerCase(http.additionalResponseTrailersToLog),
    };
    return grpcLog({ kind: 'http', ...common }, parts, (entry) => httpEntry(entry, extras, headers));
  }
  const tcp = unpackAny(any, TcpGrpcAccessLogConfigSchema);
  if (tcp) {
    const { extras, ...common } = commonLogSettings(tcp.commonConfig, `access log ${config.name}`, parts.environment);
    return grpcLog({ kind: 'tcp', ...common }, parts, (entry) => tcpEntry(entry, extras));
  }
  const otlp = unpackAny(any, OpenTelemetryAccessLogConfigSchema);
  if (!otlp) return undefined;
  const root = otlp.statPrefix === '' ? 'access_logs.open_telemetry_access_log' : otlp.statPrefix;
  return new OtlpLog(otlp, parts, logCounts(parts.stats, root));
}

function grpcLog(
  settings: ConstructorParameters<typeof GrpcLog>[0],
  parts: AccessLogParts,
  encode: (entry: AccessLogEntry) => Uint8Array,
): AccessLog {
  const { clusters, clock, stats, accessLogs } = parts;
  const counts = logCounts(stats, 'access_logs.grpc_access_log');
  const log = new GrpcLog(settings, { clusters, clock, node: accessLogs.node }, counts);
  return { log: (entry) => log.write(encode(entry)), close: () => log.close() };
}

/** They stay when the log goes: a listener that comes again counts on. */
function logCounts(stats: StatsStore, root: string): LogCounts {
  const scope = stats.scope(root);
  return { written: scope.counter('logs_written'), dropped: scope.counter('logs_dropped') };
}

function lowerCase(names: readonly string[]): readonly string[] {
  return names.map((name) => name.toLowerCase());
}
