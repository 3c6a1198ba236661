// Turns finished requests into lines of a log file: a filter, a compiled format, a shared file.
import type { Any } from '@bufbuild/protobuf/wkt';
import type { AccessLog as AccessLogConfig } from '@meltemi/api/envoy/config/accesslog/v3/accesslog_pb';
import { type FileAccessLog, FileAccessLogSchema } from '@meltemi/api/envoy/extensions/access_loggers/file/v3/file_pb';
import {
  StderrAccessLogSchema,
  StdoutAccessLogSchema,
} from '@meltemi/api/envoy/extensions/access_loggers/stream/v3/stream_pb';
import { unpackAny } from '@meltemi/api';
import type { AccessLogEntry } from './access-log-entry.ts';
import { AccessLogError } from './access-log-error.ts';
import { compileFilter, type FilterParts } from './access-log-filter.ts';
import { compileAccessLog, DEFAULT_FORMAT, type JsonFormat, type Render } from './access-log-format.ts';
import type { LogFiles } from './log-files.ts';
import type { OperatorContext } from './operators/operator.ts';
import { compileSubstitution } from './substitution-format.ts';

/** Where a stream that ended reports itself. */
export interface AccessLog {
  /** Reads the entry during the call only. */
  log(entry: AccessLogEntry): void;
  /** Gives the file or the connection back; what was logged is still written. */
  close(): void;
}

/** Where log lines go, and what they may name beside the entry. */
export interface AccessLogContext extends OperatorContext {
  readonly files: LogFiles;
  /** Without them, filters that need them are refused. */
  readonly filters?: FilterParts;
}

/** Builds the log of an `access_log` entry of a listener or connection manager. Throws AccessLogError for what can't be honoured. */
export function accessLogOf(config: AccessLogConfig, context: AccessLogContext): AccessLog {
  const passes = compileFilter(config.filter, context.filters);
  const { path, render } = target(config, context);
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
  readonly render: Render;
}

function target({ name, configType }: AccessLogConfig, context: OperatorContext): Target {
  const any: Any | undefined = configType.value;
  const file = unpackAny(any, FileAccessLogSchema);
  if (file) return { path: file.path, render: fileFormat(file.accessLogFormat, context) };
  const stdout = unpackAny(any, StdoutAccessLogSchema);
  if (stdout) return { path: '/dev/stdout', render: compileSubstitution(stdout.accessLogFormat.value, context) };
  const stderr = unpackAny(any, StderrAccessLogSchema);
  if (stderr) return { path: '/dev/stderr', render: compileSubstitution(stderr.accessLogFormat.value, context) };
  throw new AccessLogError(
    'UNSUPPORTED_LOG',
    `access log ${name}: ${any?.typeUrl ?? 'no typed_config'} is not supported`,
  );
}

function fileFormat(format: FileAccessLog['accessLogFormat'], context: OperatorContext): Render {
  switch (format.case) {
    case 'format':
      return compileAccessLog(format.value || DEFAULT_FORMAT, context);
    case 'jsonFormat':
    case 'typedJsonFormat':
      return compileAccessLog(format.value as JsonFormat, context);
    default:
      return compileSubstitution(format.value, context);
  }
}
