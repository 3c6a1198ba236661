// Turns finished requests into lines of a log file: a filter, a compiled format, a shared file.
import type { AccessLog as AccessLogConfig } from '@meltemi/api/envoy/config/accesslog/v3/accesslog_pb';
import type { SubstitutionFormatString } from '@meltemi/api/envoy/config/core/v3/substitution_format_string_pb';
import { type FileAccessLog, FileAccessLogSchema } from '@meltemi/api/envoy/extensions/access_loggers/file/v3/file_pb';
import { StdoutAccessLogSchema } from '@meltemi/api/envoy/extensions/access_loggers/stream/v3/stream_pb';
import { unpackAny } from '@meltemi/api';
import type { AccessLogEntry } from './access-log-entry.ts';
import { AccessLogError } from './access-log-error.ts';
import { compileFilter } from './access-log-filter.ts';
import { compileAccessLog, DEFAULT_FORMAT, type JsonFormat } from './access-log-format.ts';
import type { LogFiles } from './log-files.ts';

/** Where a stream that ended reports itself. */
export interface AccessLog {
  /** Reads the entry during the call only. */
  log(entry: AccessLogEntry): void;
  /** Gives the file back; what was logged is still written. */
  close(): void;
}

/** Where log lines go, and what they may name beside the entry. */
export interface AccessLogContext {
  readonly files: LogFiles;
  readonly hostname: string;
}

/** Builds the log of an `access_log` entry of a listener or connection manager. Throws AccessLogError for what can't be honoured. */
export function accessLogOf(config: AccessLogConfig, context: AccessLogContext): AccessLog {
  const passes = compileFilter(config.filter);
  const { path, format, omitEmptyValues } = target(config);
  const render = compileAccessLog(format, { hostname: context.hostname, omitEmptyValues });
  const file = context.files.open(path);
  return {
    log(entry) {
      if (passes(entry)) file.write(render(entry));
    },
    close: () => file.close(),
  };
}

interface Target {
  readonly path: string;
  readonly format: string | JsonFormat;
  readonly omitEmptyValues: boolean;
}

function target(config: AccessLogConfig): Target {
  const any = config.configType.value;
  const file = unpackAny(any, FileAccessLogSchema);
  if (file) return { path: file.path, ...fileFormat(file.accessLogFormat) };
  const stdout = unpackAny(any, StdoutAccessLogSchema);
  if (stdout) return { path: '/dev/stdout', ...substitution(stdout.accessLogFormat.value) };
  throw new AccessLogError(
    'UNSUPPORTED_LOG',
    `access log ${config.name}: ${any?.typeUrl ?? 'no typed_config'} is not supported`,
  );
}

function fileFormat(format: FileAccessLog['accessLogFormat']): Omit<Target, 'path'> {
  switch (format.case) {
    case 'format':
      return { format: format.value || DEFAULT_FORMAT, omitEmptyValues: false };
    case 'jsonFormat':
    case 'typedJsonFormat':
      return { format: format.value as JsonFormat, omitEmptyValues: false };
    default:
      return substitution(format.value);
  }
}

function substitution(format: SubstitutionFormatString | undefined): Omit<Target, 'path'> {
  const omitEmptyValues = format?.omitEmptyValues ?? false;
  switch (format?.format.case) {
    case 'textFormat':
      return { format: format.format.value, omitEmptyValues };
    case 'jsonFormat':
      return { format: format.format.value as JsonFormat, omitEmptyValues };
    case 'textFormatSource':
      return { format: inlineText(format.format.value.specifier), omitEmptyValues };
    default:
      return { format: DEFAULT_FORMAT, omitEmptyValues };
  }
}

function inlineText(source: { readonly case: string | undefined; readonly value?: unknown }): string {
  if (source.case === 'inlineString' && typeof source.value === 'string') return source.value;
  throw new AccessLogError('UNSUPPORTED_LOG', `access log format source ${source.case ?? '(empty)'} is not supported`);
}
