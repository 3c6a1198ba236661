// What is known of a request that is over → the tags of its spans, by Envoy's names.
import type { AccessLogEntry } from '@meltemi/telemetry';
import type { StreamEntry } from '../http/stream-entry.ts';
import type { EntryTag } from './custom-tag.ts';
import type { SpanTag } from './span.ts';

export interface TagSettings {
  readonly nodeId: string;
  readonly zone: string;
  readonly maxPathLength: number;
  readonly custom: readonly EntryTag[];
}

/** Of the span of the whole request. */
export function requestTags(entry: StreamEntry, settings: TagSettings): readonly SpanTag[] {
  const { headers } = entry;
  const path = headers.get('x-envoy-original-path') ?? entry.path;
  return [
    ['node_id', settings.nodeId],
    ['zone', settings.zone],
    ...present('guid:x-request-id', headers.get('x-request-id')),
    ['http.url', `${entry.scheme}://${entry.authority}${path.slice(0, settings.maxPathLength)}`],
    ['http.method', entry.method],
    ['downstream_cluster', headers.get('x-envoy-downstream-service-cluster') || '-'],
    ['user_agent', headers.get('user-agent') || '-'],
    ['http.protocol', entry.protocol ?? '-'],
    ['peer.address', entry.connection.direct.host],
    ...present('guid:x-client-trace-id', headers.get('x-client-trace-id')),
    ...grpcRequestTags(entry),
    ['request_size', String(entry.bytesReceived)],
    ['response_size', String(entry.bytesSent)],
    ['component', 'proxy'],
    ...upstreamClusterTags(entry),
    ['http.status_code', String(entry.responseCode)],
    ['response_flags', entry.responseFlags || '-'],
    ...grpcResponseTags(entry),
    ...errorTags(entry),
    ...customTags(entry, settings.custom),
  ];
}

/** Of the span of what went to the upstream. */
export function upstreamTags(entry: StreamEntry, settings: TagSettings): readonly SpanTag[] {
  const address = entry.upstreamHost ?? '-';
  return [
    ['http.protocol', entry.protocol ?? '-'],
    ['upstream_address', address],
    ['peer.address', address],
    ['component', 'proxy'],
    ...upstreamClusterTags(entry),
    ['http.status_code', String(entry.responseCode)],
    ['response_flags', entry.responseFlags || '-'],
    ...grpcResponseTags(entry),
    ...errorTags(entry),
    ...customTags(entry, settings.custom),
  ];
}

export function isError(entry: AccessLogEntry): boolean {
  if (entry.responseCode === 0 || entry.responseCode >= 500) return true;
  return isGrpc(entry) && GRPC_FAULTS.has(responseField(entry, 'grpc-status'));
}

/** Those that are no fault of the caller: unknown, deadline exceeded, unimplemented, internal, unavailable, data loss. */
const GRPC_FAULTS: ReadonlySet<string | undefined> = new Set(['2', '4', '12', '13', '14', '15']);

function errorTags(entry: AccessLogEntry): readonly SpanTag[] {
  return isError(entry) ? [['error', 'true']] : [];
}

function upstreamClusterTags({
  upstreamCluster,
  upstreamClusterRaw = upstreamCluster,
}: AccessLogEntry): readonly SpanTag[] {
  if (!upstreamCluster) return [];
  return [
    ['upstream_cluster', upstreamClusterRaw!],
    ['upstream_cluster.name', upstreamCluster],
  ];
}

function isGrpc(entry: AccessLogEntry): boolean {
  return /^application\/grpc(?:$|[+;])/.test(entry.requestHeaders?.get('content-type') ?? '');
}

function grpcRequestTags(entry: StreamEntry): readonly SpanTag[] {
  if (!isGrpc(entry)) return [];
  return [
    ['grpc.path', entry.path],
    ['grpc.authority', entry.authority],
    ['grpc.content_type', entry.headers.get('content-type')!],
    ...present('grpc.timeout', entry.headers.get('grpc-timeout')),
  ];
}

function grpcResponseTags(entry: AccessLogEntry): readonly SpanTag[] {
  if (!isGrpc(entry)) return [];
  return [
    ...present('grpc.status_code', responseField(entry, 'grpc-status')),
    ...present('grpc.message', responseField(entry, 'grpc-message')),
  ];
}

function responseField(entry: AccessLogEntry, name: string): string | undefined {
  return entry.responseTrailers?.get(name) ?? entry.responseHeaders?.get(name);
}

function customTags(entry: AccessLogEntry, tags: readonly EntryTag[]): readonly SpanTag[] {
  return tags.flatMap(({ name, value }) => present(name, value(entry)));
}

function present(name: string, value: string | undefined): readonly SpanTag[] {
  return value === undefined ? [] : [[name, value]];
}
