// The operators that write a field of the entry as it is.
import { compileGrpcStatus, grpcStatusNumber } from '../access-log-grpc-status.ts';
import type { AccessLogEntry } from '../access-log-entry.ts';
import { logTypeOf } from '../log-type.ts';
import { responseFlagNames } from '../response-flags.ts';
import { withoutPort } from './address-operators.ts';
import { badArgument, type CompileOperator, known, plain } from './operator.ts';

export const ENTRY_OPERATORS: Readonly<Record<string, CompileOperator>> = {
  PROTOCOL: plain((entry) => known(entry.protocol)),
  UPSTREAM_PROTOCOL: plain((entry) => known(entry.upstreamProtocol)),
  RESPONSE_CODE: plain((entry) => entry.responseCode),
  RESPONSE_CODE_DETAILS: compileDetails,
  RESPONSE_FLAGS: plain((entry) => known(entry.responseFlags) ?? '-'),
  RESPONSE_FLAGS_LONG: plain((entry) => responseFlagNames(entry.responseFlags).join(',') || '-'),
  CONNECTION_TERMINATION_DETAILS: plain((entry) => known(entry.connectionTerminationDetails)),
  BYTES_RECEIVED: plain((entry) => entry.bytesReceived),
  BYTES_SENT: plain((entry) => entry.bytesSent),
  // Of QUIC alone.
  BYTES_RETRANSMITTED: plain(() => 0),
  PACKETS_RETRANSMITTED: plain(() => 0),
  REQUEST_HEADERS_BYTES: plain((entry) => entry.requestHeadersBytes ?? 0),
  RESPONSE_HEADERS_BYTES: plain((entry) => entry.responseHeadersBytes ?? 0),
  RESPONSE_TRAILERS_BYTES: plain((entry) => entry.responseTrailersBytes ?? 0),
  UPSTREAM_HOST: plain((entry) => known(entry.upstreamHost)),
  UPSTREAM_HOST_NAME: plain(hostName),
  UPSTREAM_HOST_NAME_WITHOUT_PORT: plain((entry) => withoutPort(hostName(entry))),
  UPSTREAM_HOSTS_ATTEMPTED: plain((entry) => known(entry.upstreamHostsAttempted?.join(','))),
  UPSTREAM_HOSTS_ATTEMPTED_WITHOUT_PORT: plain((entry) =>
    known(entry.upstreamHostsAttempted?.map((host) => withoutPort(host)).join(',')),
  ),
  UPSTREAM_CLUSTER: plain((entry) => known(entry.upstreamCluster)),
  UPSTREAM_CLUSTER_RAW: plain((entry) => known(entry.upstreamClusterRaw ?? entry.upstreamCluster)),
  UPSTREAM_CONNECTION_ID: plain((entry) => entry.upstreamConnectionId ?? 0),
  UPSTREAM_TRANSPORT_FAILURE_REASON: plain((entry) => underscored(entry.upstreamTransportFailureReason)),
  UPSTREAM_REQUEST_ATTEMPT_COUNT: plain((entry) => entry.upstreamRequestAttemptCount),
  // The listener's own logs, of connections that failed before they had a filter chain, are where it is known.
  DOWNSTREAM_TRANSPORT_FAILURE_REASON: plain(() => undefined),
  ROUTE_NAME: plain((entry) => known(entry.routeName)),
  VIRTUAL_CLUSTER_NAME: plain((entry) => known(entry.virtualClusterName)),
  FILTER_CHAIN_NAME: plain((entry) => known(entry.filterChainName)),
  CONNECTION_ID: plain((entry) => entry.connectionId),
  STREAM_ID: plain((entry) => known(entry.streamId ?? entry.requestHeaders?.get('x-request-id'))),
  TRACE_ID: plain((entry) => known(entry.traceId)),
  SPAN_ID: plain((entry) => known(entry.spanId)),
  LOCAL_REPLY_BODY: plain((entry) => entry.localReplyBody ?? ''),
  ACCESS_LOG_TYPE: plain(logTypeOf),
  HOSTNAME: (argument, context, name) => plain(() => context.hostname)(argument, context, name),
  UNIQUE_ID: (argument, context, name) => {
    const { uuid } = context;
    if (!uuid) throw badArgument(name, 'nothing makes identifiers here');
    return plain(uuid)(argument, context, name);
  },
  GRPC_STATUS: (argument) => compileGrpcStatus(argument ?? ''),
  GRPC_STATUS_NUMBER: plain(grpcStatusNumber),
};

const compileDetailsWithSpaces = plain((entry) => known(entry.responseCodeDetails));
const compileDetailsAsWord = plain((entry) => underscored(entry.responseCodeDetails));

function compileDetails(...[argument, context, name]: Parameters<CompileOperator>): ReturnType<CompileOperator> {
  if (argument === 'ALLOW_WHITESPACES') return compileDetailsWithSpaces(undefined, context, name);
  return compileDetailsAsWord(argument, context, name);
}

function hostName(entry: AccessLogEntry): string | undefined {
  return known(entry.upstreamHostName) ?? known(entry.upstreamHost);
}

function underscored(text: string | undefined): string | undefined {
  return known(text)?.replaceAll(/\s/g, '_');
}
