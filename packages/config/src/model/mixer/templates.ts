// Instances of Mixer's templates: which attributes an adapter is given, as expressions.
// https://istio.io/v1.0/docs/reference/config/policy-and-telemetry/templates/
import { type Fields, labelMap, message, type MessageField, text } from '../../schema.ts';

/** Each field and each entry of `dimensions` is an expression; so are those of the other templates. */
export interface QuotaInstance {
  readonly dimensions?: Readonly<Record<string, string>>;
}

export interface ListEntry {
  readonly value?: string;
}

export interface LogEntry {
  readonly variables?: Readonly<Record<string, string>>;
  readonly timestamp?: string;
  readonly severity?: string;
  readonly monitoredResourceType?: string;
  readonly monitoredResourceDimensions?: Readonly<Record<string, string>>;
}

export interface Metric {
  readonly value?: string;
  readonly dimensions?: Readonly<Record<string, string>>;
  readonly monitoredResourceType?: string;
  readonly monitoredResourceDimensions?: Readonly<Record<string, string>>;
}

/** The names of fields that hold one expression each, and of those that hold many by name. */
function template(single: readonly string[], many: readonly string[] = [], more: Fields = {}): MessageField {
  const singles = Object.fromEntries(single.map((name) => [name, text()]));
  const maps = Object.fromEntries(many.map((name) => [name, labelMap]));
  return message({ ...singles, ...maps, attributeBindings: labelMap, ...more });
}

export const TEMPLATES = {
  apikey: template(['api', 'apiVersion', 'apiOperation', 'apiKey', 'timestamp']),
  authorization: template([], [], {
    subject: message({ user: text(), groups: text(), properties: labelMap }),
    action: message({ namespace: text(), service: text(), method: text(), path: text(), properties: labelMap }),
  }),
  checknothing: template([]),
  kubernetes: template([
    'sourceUid',
    'sourceIp',
    'destinationUid',
    'destinationIp',
    'destinationPort',
    'originUid',
    'originIp',
  ]),
  listentry: template(['value']),
  logentry: template(['timestamp', 'severity', 'monitoredResourceType'], ['variables', 'monitoredResourceDimensions']),
  edge: template([
    'timestamp',
    'sourceWorkloadNamespace',
    'sourceWorkloadName',
    'sourceOwner',
    'sourceUid',
    'destinationWorkloadNamespace',
    'destinationWorkloadName',
    'destinationOwner',
    'destinationUid',
    'contextProtocol',
    'apiProtocol',
  ]),
  metric: template(['value', 'monitoredResourceType'], ['dimensions', 'monitoredResourceDimensions']),
  quota: template([], ['dimensions']),
  reportnothing: template([]),
  servicecontrolreport: template([
    'apiVersion',
    'apiOperation',
    'apiProtocol',
    'apiService',
    'apiKey',
    'requestTime',
    'requestMethod',
    'requestPath',
    'requestBytes',
    'responseTime',
    'responseCode',
    'responseBytes',
    'responseLatency',
  ]),
  tracespan: template(
    [
      'traceId',
      'spanId',
      'parentSpanId',
      'spanName',
      'startTime',
      'endTime',
      'httpStatusCode',
      'clientSpan',
      'rewriteClientSpanId',
      'sourceName',
      'sourceIp',
      'destinationName',
      'destinationIp',
      'requestSize',
      'requestTotalSize',
      'responseSize',
      'responseTotalSize',
      'apiProtocol',
    ],
    ['spanTags'],
  ),
} as const;

export type TemplateName = keyof typeof TEMPLATES;
