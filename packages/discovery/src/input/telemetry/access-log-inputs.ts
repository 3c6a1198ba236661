// The access logs of a proxy's listeners: of the providers that Telemetries choose, else of the mesh.
import type { JsonObject } from '@bufbuild/protobuf';
import type { ExtensionProvider, FileLogProvider, Telemetry } from '@meltemi/config';
import type { MeshSettings } from '../../mesh.ts';
import type { NamespaceScope } from '../../scope.ts';
import { chosenLogs } from './access-log-choice.ts';
import { collectorOf } from './collector.ts';
import { ISTIO_JSON_LOG, ISTIO_TEXT_LOG, PEERS } from './log-format.ts';
import { providerByName } from './provider-choice.ts';
import type { AccessLogInput, LogFormatInput } from './telemetry-input.ts';

type Unconditional = AccessLogInput extends infer Input
  ? Input extends unknown
    ? Omit<Input, 'condition'>
    : never
  : never;

export interface LogSources {
  readonly telemetries: readonly Telemetry[];
  readonly visible: NamespaceScope;
  readonly mesh: MeshSettings;
}

export function accessLogInputs(
  { telemetries, visible, mesh }: LogSources,
  mode: 'CLIENT' | 'SERVER',
): readonly AccessLogInput[] {
  const chosen = chosenLogs(telemetries, mesh.defaultProviders.accessLogging, mode);
  const known = chosen.flatMap(({ provider: name, condition, disabled }) => {
    const provider = providerByName(mesh.providers, name);
    const log = provider && logOf(provider, visible, mesh);
    return log ? [{ disabled, log: { ...log, condition } }] : [];
  });
  if (known.length === 0) return meshLog(mesh);
  return known.filter(({ disabled }) => !disabled).map(({ log }) => log);
}

/** What a MeshConfig says by `accessLogFile` and its format. */
function meshLog(mesh: MeshSettings): readonly AccessLogInput[] {
  if (!mesh.accessLogFile) return [];
  return [{ kind: 'file', path: mesh.accessLogFile, format: meshFormat(mesh), omitEmpty: false, condition: '' }];
}

function meshFormat({ accessLogEncoding, accessLogFormat: format }: MeshSettings): LogFormatInput {
  if (accessLogEncoding === 'TEXT') return { kind: 'text', text: format && withNewline(format) };
  return { kind: 'json', fields: format ? jsonOf(format) : ISTIO_JSON_LOG };
}

/** The mesh's format in JSON; Istio's where it is none. */
function jsonOf(text: string): JsonObject {
  try {
    return JSON.parse(text) as JsonObject;
  } catch {
    return ISTIO_JSON_LOG;
  }
}

function logOf(provider: ExtensionProvider, visible: NamespaceScope, mesh: MeshSettings): Unconditional | undefined {
  const { envoyFileAccessLog: file, envoyHttpAls, envoyTcpAls, envoyOtelAls } = provider;
  if (file) return { kind: 'file', path: file.path || '/dev/stdout', ...fileFormat(provider.name, file, mesh) };
  if (envoyOtelAls) return otelLog(envoyOtelAls, visible);
  const grpc = envoyHttpAls ?? envoyTcpAls;
  const collector = grpc && collectorOf(grpc, visible);
  if (!collector) return undefined;
  const filterState = grpc.filterStateObjectsToLog ?? [];
  return {
    kind: envoyHttpAls ? 'http-als' : 'tcp-als',
    collector,
    logName: grpc.logName || (envoyHttpAls ? 'http_envoy_accesslog' : 'tcp_envoy_accesslog'),
    filterState: filterState.length > 0 ? filterState : PEERS,
    requestHeaders: envoyHttpAls?.additionalRequestHeadersToLog ?? [],
    responseHeaders: envoyHttpAls?.additionalResponseHeadersToLog ?? [],
    responseTrailers: envoyHttpAls?.additionalResponseTrailersToLog ?? [],
  };
}

/** The provider `envoy` that every mesh has logs as the mesh says. */
function fileFormat(name: string, { logFormat, omitEmptyValues = false }: FileLogProvider, mesh: MeshSettings) {
  if (name === 'envoy' && !logFormat && !omitEmptyValues) return { format: meshFormat(mesh), omitEmpty: false };
  const labels = logFormat?.labels as JsonObject | undefined;
  const fields = labels && Object.keys(labels).length > 0 ? labels : ISTIO_JSON_LOG;
  const format: LogFormatInput = labels
    ? { kind: 'json', fields }
    : { kind: 'text', text: logFormat?.text ? withNewline(logFormat.text) : ISTIO_TEXT_LOG };
  return { format, omitEmpty: omitEmptyValues };
}

function otelLog(
  said: NonNullable<ExtensionProvider['envoyOtelAls']>,
  visible: NamespaceScope,
): Unconditional | undefined {
  const collector = collectorOf(said, visible);
  const labels = Object.entries(said.logFormat?.labels ?? {});
  return (
    collector && {
      kind: 'otel-als',
      collector,
      logName: said.logName || 'otel_envoy_accesslog',
      body: said.logFormat?.text || ISTIO_TEXT_LOG,
      attributes: labels.map(([key, value]) => [key, String(value)] as const).sort(([a], [b]) => (a < b ? -1 : 1)),
    }
  );
}

function withNewline(format: string): string {
  return format.endsWith('\n') ? format : `${format}\n`;
}
