// Compiles one command operator of an access-log format into a function from the entry to its value.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage#command-operators
import { AccessLogError } from './access-log-error.ts';
import type { AccessLogEntry } from './access-log-entry.ts';
import { compileGrpcStatus, grpcStatusNumber } from './access-log-grpc-status.ts';
import { compileTimeFormat } from './time-format.ts';

/** Undefined: the entry doesn't know it. Numbers stay numbers in JSON formats. */
export type OperatorValue = string | number | undefined;
export type Operator = (entry: AccessLogEntry) => OperatorValue;

/** What operators need that no entry holds. */
export interface OperatorContext {
  readonly hostname: string;
}

/** Operators that take no argument. */
const PLAIN: Readonly<Record<string, Operator>> = {
  PROTOCOL: (entry) => entry.protocol,
  RESPONSE_CODE: (entry) => entry.responseCode,
  RESPONSE_CODE_DETAILS: (entry) => entry.responseCodeDetails?.replaceAll(/\s/g, '_'),
  RESPONSE_FLAGS: (entry) => entry.responseFlags,
  CONNECTION_TERMINATION_DETAILS: (entry) => entry.connectionTerminationDetails,
  BYTES_RECEIVED: (entry) => entry.bytesReceived,
  BYTES_SENT: (entry) => entry.bytesSent,
  DURATION: (entry) => Math.floor(entry.durationMs),
  REQUEST_DURATION: (entry) => floored(entry.requestDurationMs),
  RESPONSE_DURATION: (entry) => floored(entry.responseDurationMs),
  UPSTREAM_HOST: (entry) => entry.upstreamHost,
  UPSTREAM_REMOTE_ADDRESS: (entry) => entry.upstreamHost,
  UPSTREAM_CLUSTER: (entry) => entry.upstreamCluster,
  UPSTREAM_LOCAL_ADDRESS: (entry) => entry.upstreamLocalAddress,
  UPSTREAM_TRANSPORT_FAILURE_REASON: (entry) => entry.upstreamTransportFailureReason?.replaceAll(/\s/g, '_'),
  UPSTREAM_REQUEST_ATTEMPT_COUNT: (entry) => entry.upstreamRequestAttemptCount,
  DOWNSTREAM_LOCAL_ADDRESS: (entry) => entry.downstreamLocalAddress,
  DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: (entry) => withoutPort(entry.downstreamLocalAddress),
  DOWNSTREAM_LOCAL_PORT: (entry) => portOf(entry.downstreamLocalAddress),
  DOWNSTREAM_REMOTE_ADDRESS: (entry) => entry.downstreamRemoteAddress,
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: (entry) => withoutPort(entry.downstreamRemoteAddress),
  DOWNSTREAM_REMOTE_PORT: (entry) => portOf(entry.downstreamRemoteAddress),
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS: (entry) => entry.downstreamDirectRemoteAddress,
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT: (entry) => withoutPort(entry.downstreamDirectRemoteAddress),
  REQUESTED_SERVER_NAME: (entry) => entry.requestedServerName,
  ROUTE_NAME: (entry) => entry.routeName,
  FILTER_CHAIN_NAME: (entry) => entry.filterChainName,
  DOWNSTREAM_PEER_URI_SAN: (entry) => entry.downstreamPeerUriSan,
  DOWNSTREAM_PEER_SUBJECT: (entry) => entry.downstreamPeerSubject,
  DOWNSTREAM_TLS_VERSION: (entry) => entry.downstreamTlsVersion,
};

type Compile = (argument: string, context: OperatorContext) => Operator;

/** Operators with an argument in brackets, or that need the context. */
const WITH_ARGUMENT: Readonly<Record<string, Compile>> = {
  START_TIME: startTime,
  REQ: (argument) => header(argument, requestHeader),
  RESP: (argument) => header(argument, (entry, name) => entry.responseHeaders?.get(name)),
  TRAILER: (argument) => header(argument, (entry, name) => entry.responseTrailers?.get(name)),
  HOSTNAME: (_argument, context) => () => context.hostname,
  GRPC_STATUS: compileGrpcStatus,
  GRPC_STATUS_NUMBER: () => grpcStatusNumber,
  DYNAMIC_METADATA: metadata,
  METADATA: (argument) => metadata(argument.replace(/^DYNAMIC:/, '')),
};

/** Compiles `NAME` with its `(argument)` and `:length`, where given. Throws AccessLogError. */
export function compileOperator(
  name: string,
  argument: string | undefined,
  length: number | undefined,
  context: OperatorContext,
): Operator {
  const operator = find(name, argument, context);
  if (length === undefined) return operator;
  return (entry) => truncated(operator(entry), length);
}

function find(name: string, argument: string | undefined, context: OperatorContext): Operator {
  const plain = Object.hasOwn(PLAIN, name) ? PLAIN[name] : undefined;
  if (plain && argument === undefined) return plain;
  const compile = Object.hasOwn(WITH_ARGUMENT, name) ? WITH_ARGUMENT[name] : undefined;
  if (compile) return compile(argument ?? '', context);
  if (plain) throw new AccessLogError('BAD_ARGUMENT', `access log operator %${name}% takes no argument`);
  throw new AccessLogError('UNKNOWN_OPERATOR', `access log operator %${name}% is not known`);
}

function startTime(format: string): Operator {
  if (format === '') return (entry) => new Date(entry.startTimeMs).toISOString();
  const text = compileTimeFormat(format);
  if (!text)
    throw new AccessLogError('BAD_ARGUMENT', `access log operator %START_TIME%: time format "${format}" is not known`);
  return (entry) => text(entry.startTimeMs);
}

/** `MAIN?ALTERNATIVE` */
function header(argument: string, look: (entry: AccessLogEntry, name: string) => string | undefined): Operator {
  const names = argument.toLowerCase().split('?');
  const [main, alternative] = names;
  if (!main || names.length > 2 || alternative === '') {
    throw new AccessLogError(
      'BAD_ARGUMENT',
      `access log operator: "(${argument})" is not HEADER or HEADER?ALTERNATIVE`,
    );
  }
  if (alternative === undefined) return (entry) => look(entry, main);
  return (entry) => look(entry, main) ?? look(entry, alternative);
}

function requestHeader(entry: AccessLogEntry, name: string): string | undefined {
  switch (name) {
    case ':method':
      return entry.method;
    case ':path':
      return entry.path;
    case ':authority':
    case 'host':
      return entry.authority;
    case ':scheme':
      return entry.scheme;
    default:
      return entry.requestHeaders?.get(name);
  }
}

/** `NAMESPACE:KEY:KEY…`; what is not text is written as JSON. */
function metadata(argument: string): Operator {
  const keys = argument.split(':');
  if (keys.some((key) => key === '')) {
    throw new AccessLogError('BAD_ARGUMENT', `access log operator: "(${argument})" is not NAMESPACE:KEY`);
  }
  return (entry) => {
    let value: unknown = entry.metadata;
    for (const key of keys) value = isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
    return typeof value === 'string' || typeof value === 'number' || value === undefined
      ? value
      : JSON.stringify(value);
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function truncated(value: OperatorValue, length: number): OperatorValue {
  return typeof value === 'string' ? value.slice(0, length) : value;
}

function floored(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Math.floor(value);
}

function withoutPort(address: string | undefined): string | undefined {
  return address?.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}

function portOf(address: string | undefined): number | undefined {
  const port = /:(\d+)$/.exec(address ?? '')?.[1];
  return port === undefined ? undefined : Number(port);
}
