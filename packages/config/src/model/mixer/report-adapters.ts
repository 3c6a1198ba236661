// Handlers of the adapters that pass metrics and logs on.
// https://istio.io/v1.0/docs/reference/config/policy-and-telemetry/adapters/
import {
  decimal,
  flag,
  integer,
  labelMap,
  list,
  mapOf,
  message,
  type MessageField,
  numberedTexts,
  text,
  texts,
} from '../../schema.ts';
import { duration } from '../../text-check.ts';

export interface Stdio {
  readonly logStream?: 'STDOUT' | 'STDERR' | 'FILE' | 'ROTATED_FILE';
  readonly severityLevels?: Readonly<Record<string, StdioLevel>>;
  readonly metricLevel?: StdioLevel;
  readonly outputAsJson?: boolean;
  readonly outputLevel?: StdioLevel;
  readonly outputPath?: string;
  readonly maxMegabytesBeforeRotation?: number;
  readonly maxDaysBeforeRotation?: number;
  readonly maxRotatedFiles?: number;
}

export type StdioLevel = 'INFO' | 'WARNING' | 'ERROR';

const whole = integer(0, 2_147_483_647);
const number = decimal(-Number.MAX_VALUE, Number.MAX_VALUE);
const level = numberedTexts('INFO', 'WARNING', 'ERROR');
const payload = message({ payloadTemplate: text() });

const buckets = message(
  {
    linearBuckets: message({ numFiniteBuckets: whole, width: number, offset: number }),
    exponentialBuckets: message({ numFiniteBuckets: whole, growthFactor: number, scale: number }),
    explicitBuckets: message({ bounds: list(number) }),
  },
  { oneOf: [['linearBuckets', 'exponentialBuckets', 'explicitBuckets']] },
);

const stackdriverLog = message({
  labelNames: texts,
  payloadTemplate: text(),
  httpMapping: message({
    status: text(),
    requestSize: text(),
    responseSize: text(),
    latency: text(),
    localIp: text(),
    remoteIp: text(),
    url: text(),
    method: text(),
    userAgent: text(),
    referer: text(),
  }),
  sinkInfo: message({ id: text(), destination: text(), filter: text() }),
});

/** https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.metricDescriptors */
const stackdriverMetric = message({
  kind: numberedTexts('METRIC_KIND_UNSPECIFIED', 'GAUGE', 'DELTA', 'CUMULATIVE'),
  value: numberedTexts('VALUE_TYPE_UNSPECIFIED', 'BOOL', 'INT64', 'DOUBLE', 'STRING', 'DISTRIBUTION', 'MONEY'),
  buckets,
  metricType: text(),
});

const prometheusMetric = message({
  namespace: text(),
  name: text(),
  instanceName: text(),
  description: text(),
  kind: numberedTexts('UNSPECIFIED', 'GAUGE', 'COUNTER', 'DISTRIBUTION'),
  buckets,
  labelNames: texts,
});

const simpleType = numberedTexts('UNKNOWN', 'COUNTER', 'GAUGE', 'DISTRIBUTION');

export const REPORT_ADAPTERS = {
  circonus: message({
    submissionUrl: text(),
    submissionInterval: duration,
    metrics: list(message({ name: text(), type: simpleType })),
  }),
  cloudwatch: message({
    namespace: text(),
    metricInfo: mapOf(message({ unit: text() })),
    logGroupName: text(),
    logStreamName: text(),
    logs: mapOf(payload),
  }),
  dogstatsd: message({
    address: text(),
    prefix: text(),
    bufferLength: whole,
    globalTags: labelMap,
    sampleRate: decimal(0, 1),
    metrics: mapOf(
      message({
        name: text(),
        type: numberedTexts('UNKNOWN_TYPE', 'COUNTER', 'GAUGE', 'DISTRIBUTION'),
        tags: labelMap,
      }),
    ),
  }),
  fluentd: message({ address: text(), integerDuration: flag }),
  prometheus: message({
    metrics: list(prometheusMetric),
    metricsExpirationPolicy: message({ metricsExpiryDuration: duration, expiryCheckIntervalDuration: duration }),
  }),
  signalfx: message({
    metrics: list(message({ name: text(), type: numberedTexts('NONE', 'COUNTER', 'HISTOGRAM') })),
    ingestUrl: text(),
    accessToken: text(),
    datapointInterval: duration,
  }),
  solarwinds: message({
    appopticsAccessToken: text(),
    appopticsBatchSize: whole,
    papertrailUrl: text(),
    papertrailLocalRetentionDuration: duration,
    metrics: mapOf(message({ labelNames: texts })),
    logs: mapOf(payload),
  }),
  stackdriver: message(
    {
      endpoint: text(),
      projectId: text(),
      pushInterval: duration,
      appCredentials: flag,
      apiKey: text(),
      serviceAccountPath: text(),
      metricInfo: mapOf(stackdriverMetric),
      logInfo: mapOf(stackdriverLog),
      trace: message({ sampleProbability: decimal(0, 1) }),
    },
    { oneOf: [['appCredentials', 'apiKey', 'serviceAccountPath']] },
  ),
  statsd: message({
    address: text(),
    prefix: text(),
    flushDuration: duration,
    flushBytes: whole,
    samplingRate: decimal(0, 1),
    metrics: mapOf(message({ type: simpleType, nameTemplate: text() })),
    metricNameTemplateStrings: labelMap,
  }),
  stdio: message({
    logStream: numberedTexts('STDOUT', 'STDERR', 'FILE', 'ROTATED_FILE'),
    severityLevels: mapOf(level),
    metricLevel: level,
    outputAsJson: flag,
    outputLevel: level,
    outputPath: text(),
    maxMegabytesBeforeRotation: whole,
    maxDaysBeforeRotation: whole,
    maxRotatedFiles: whole,
  }),
} as const satisfies Readonly<Record<string, MessageField>>;

export type ReportAdapterName = keyof typeof REPORT_ADAPTERS;
