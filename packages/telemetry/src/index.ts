// Counters, histograms and access-log formats.
export { type AccessLog, type AccessLogContext, accessLogOf } from './access-log.ts';
export {
  type AccessLogEntry,
  type AccessLogType,
  type CertificateFacts,
  type HeaderLookup,
  type MetadataKind,
  type TimePoint,
  type TlsFacts,
} from './access-log-entry.ts';
export { AccessLogError, type AccessLogErrorCode } from './access-log-error.ts';
export {
  compileAccessLog,
  compileLogValue,
  DEFAULT_FORMAT,
  type FormatOptions,
  type JsonFormat,
  type Render,
} from './access-log-format.ts';
export { compileFilter, type EntryFilter, type FilterParts } from './access-log-filter.ts';
export { grpcStatusOf } from './access-log-grpc-status.ts';
export { logTypeOf } from './log-type.ts';
export type { OperatorContext } from './operators/operator.ts';
export { timePoint } from './operators/time-operators.ts';
export {
  type BodyFormat,
  compileBodyFormat,
  compileSubstitution,
  refuseUnknownFormatters,
} from './substitution-format.ts';
export { statsJson } from './expose-json.ts';
export { PROMETHEUS_CONTENT_TYPE, prometheusText } from './expose-prometheus.ts';
export { statsText } from './expose-text.ts';
export { parsePrometheus, type PrometheusSample, PrometheusTextError } from './parse-prometheus.ts';
export { createLogFiles, type LogFile, type LogFiles } from './log-files.ts';
export { Counter, Gauge, type GaugeSource, Histogram, HISTOGRAM_BOUNDS } from './stat.ts';
export { type StatName } from './stat-name.ts';
export { joinStats, type StatRecord, statRecords } from './stat-record.ts';
export { type Stat, StatKindError } from './held-stat.ts';
export { type StatsScope, StatsStore, type StatsStoreOptions } from './stats-store.ts';
export { GRPC_STATUS_NAMES, grpcStatusOfHttp } from './grpc-status.ts';
