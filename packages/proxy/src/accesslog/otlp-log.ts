// Sends entries of access logs as records of OTLP, in batches; what the service doesn't take is dropped and counted.
// https://opentelemetry.io/docs/specs/otlp/#otlpgrpc
import { create, toBinary } from '@bufbuild/protobuf';
import type { OpenTelemetryAccessLogConfig } from '@meltemi/api/envoy/extensions/access_loggers/open_telemetry/v3/logs_service_pb';
import { LogRecordSchema } from '@meltemi/api/opentelemetry/proto/logs/v1/logs_pb';
import { ResourceSchema } from '@meltemi/api/opentelemetry/proto/resource/v1/resource_pb';
import { type AccessLogEntry, refuseUnknownFormatters } from '@meltemi/telemetry';
import { Batch } from '../call/batch.ts';
import { bytesField, repeatedField } from '../call/protobuf-fields.ts';
import { callGrpc } from '../call/grpc-call.ts';
import type { AccessLogParts } from './access-log-parts.ts';
import { type CommonLogSettings, commonLogSettings } from './grpc-log-settings.ts';
import type { LogCounts } from './grpc-log.ts';
import { compileFields, compileValue, type RenderFields, type RenderValue, textField } from './otlp-value.ts';

const METHOD = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
const DEFAULT_TIMEOUT_MS = 5000;
const MAX_ANSWER_BYTES = 64 * 1024;
/** Batches on their way; a service that is slower loses what comes above. */
const MAX_CALLS = 8;

/** Of ExportLogsServiceRequest, ResourceLogs and ScopeLogs. */
const FIELD = { resourceLogs: 1, resource: 1, scopeLogs: 2, logRecords: 2 } as const;

export class OtlpLog {
  readonly #settings: CommonLogSettings;
  readonly #parts: AccessLogParts;
  readonly #counts: LogCounts;
  readonly #body: RenderValue | undefined;
  readonly #attributes: RenderFields;
  readonly #resource: Uint8Array;
  readonly #batch: Batch;
  #calls = 0;

  /** Throws a typed error for what can't be honoured. */
  constructor(config: OpenTelemetryAccessLogConfig, parts: AccessLogParts, counts: LogCounts) {
    this.#settings = commonLogSettings(config.commonConfig, 'access log open_telemetry', parts.environment);
    refuseUnknownFormatters(config.formatters);
    this.#parts = parts;
    this.#counts = counts;
    this.#body = config.body && compileValue(config.body, parts.accessLogs);
    this.#attributes = compileFields(config.attributes, parts.accessLogs);
    this.#resource = resourceOf(config, this.#settings.logName, parts);
    this.#batch = new Batch(this.#settings.limits, parts.clock, (items) => this.#send(items));
  }

  log(entry: AccessLogEntry): void {
    (this.#batch.add(this.#record(entry)) ? this.#counts.written : this.#counts.dropped).increment();
  }

  close(): void {
    this.#counts.dropped.add(this.#batch.close());
  }

  #record(entry: AccessLogEntry): Uint8Array {
    const tags = this.#settings.extras.tags.flatMap(({ name, value }) => {
      const text = value(entry);
      return text === undefined ? [] : [textField(name, text)];
    });
    const record = create(LogRecordSchema, {
      timeUnixNano: BigInt(Math.round(entry.startTimeMs * 1000)) * 1000n,
      ...(this.#body && { body: this.#body(entry) }),
      attributes: [...this.#attributes(entry), ...tags],
      traceId: Buffer.from(entry.traceId ?? '', 'hex'),
      spanId: Buffer.from(entry.spanId ?? '', 'hex'),
    });
    return toBinary(LogRecordSchema, record);
  }

  #send(records: readonly Uint8Array[]): boolean {
    if (this.#calls >= MAX_CALLS) return false;
    this.#calls++;
    const { cluster, authority, metadata, timeoutMs = DEFAULT_TIMEOUT_MS } = this.#settings.target;
    const scopeLogs = bytesField(FIELD.scopeLogs, repeatedField(FIELD.logRecords, records));
    const resourceLogs = Buffer.concat([bytesField(FIELD.resource, this.#resource), scopeLogs]);
    const message = bytesField(FIELD.resourceLogs, resourceLogs);
    const call = { cluster, path: METHOD, authority, metadata, message, timeoutMs, maxResponseBytes: MAX_ANSWER_BYTES };
    callGrpc(this.#parts.clusters, call, this.#parts.clock, ({ status }) => {
      this.#calls--;
      if (status !== 0) this.#counts.dropped.add(records.length);
    });
    return true;
  }
}

function resourceOf(config: OpenTelemetryAccessLogConfig, logName: string, parts: AccessLogParts): Uint8Array {
  const { node } = parts.accessLogs;
  const builtin = config.disableBuiltinLabels
    ? []
    : [
        textField('log_name', logName),
        textField('zone_name', node?.locality?.zone ?? ''),
        textField('cluster_name', node?.cluster ?? ''),
        textField('node_name', node?.id ?? ''),
      ];
  const attributes = [...builtin, ...(config.resourceAttributes?.values ?? [])];
  return toBinary(ResourceSchema, create(ResourceSchema, { attributes }));
}
