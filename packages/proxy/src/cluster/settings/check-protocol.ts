// Turns what a health check asks, and what it wants to hear, into plain values.
import {
  type HeaderValueOption,
  HeaderValueOption_HeaderAppendAction as AppendAction,
  RequestMethod,
} from '@meltemi/api/envoy/config/core/v3/base_pb';
import type {
  HealthCheck,
  HealthCheck_GrpcHealthCheck as GrpcHealthCheck,
  HealthCheck_HttpHealthCheck as HttpHealthCheck,
  HealthCheck_Payload as PayloadMessage,
  HealthCheck_TcpHealthCheck as TcpHealthCheck,
} from '@meltemi/api/envoy/config/core/v3/health_check_pb';
import { CodecClientType } from '@meltemi/api/envoy/type/v3/http_pb';
import type { Int64Range } from '@meltemi/api/envoy/type/v3/range_pb';
import { compileStringMatcher } from '@meltemi/decide';
import { ClusterConfigError } from './cluster-config-error.ts';

export type CheckProtocol = HttpCheck | TcpCheck | GrpcCheck;

export interface HttpCheck {
  readonly kind: 'http';
  readonly http2: boolean;
  readonly method: string;
  readonly path: string;
  /** Empty: the endpoint's, else the cluster's name. */
  readonly host: string;
  readonly headers: readonly CheckHeader[];
  readonly removed: readonly string[];
  readonly body: Buffer;
  readonly expected: (status: number) => boolean;
  /** A failure like a lost connection: only several in a row count. */
  readonly retriable: (status: number) => boolean;
  /** Of the service that answers (`x-envoy-upstream-healthchecked-cluster`). */
  readonly service: ((name: string) => boolean) | undefined;
  /** What the body must contain, one after the other. */
  readonly receive: readonly Buffer[];
  /** How much of the body is looked at. */
  readonly receiveLimit: number;
}

export interface TcpCheck {
  readonly kind: 'tcp';
  readonly send: Buffer;
  readonly receive: readonly Buffer[];
}

export interface GrpcCheck {
  readonly kind: 'grpc';
  readonly service: string;
  /** Empty: the endpoint's, else the cluster's name. */
  readonly authority: string;
  readonly headers: readonly CheckHeader[];
}

export interface CheckHeader {
  readonly name: string;
  readonly value: string;
  readonly append: boolean;
}

/** Throws ClusterConfigError. */
export function checkProtocol(check: HealthCheck, cluster: string): CheckProtocol {
  const { healthChecker: checker } = check;
  switch (checker.case) {
    case 'httpHealthCheck':
      return httpCheck(checker.value);
    case 'tcpHealthCheck':
      return tcpCheck(checker.value);
    case 'grpcHealthCheck':
      return grpcCheck(checker.value);
    case 'customHealthCheck':
      throw new ClusterConfigError('UNSUPPORTED_FIELD', `custom_health_check ${checker.value.name} is not supported`);
    case undefined:
      throw new ClusterConfigError('BAD_VALUE', `a health check of ${cluster} says nothing to check`);
  }
}

function httpCheck(check: HttpHealthCheck): HttpCheck {
  if (check.path === '') throw new ClusterConfigError('BAD_VALUE', 'http_health_check: path is missing');
  if (check.codecClientType === CodecClientType.HTTP3)
    throw new ClusterConfigError('UNSUPPORTED_PROTOCOL', 'HTTP/3 is not supported');
  const { serviceNameMatcher: matcher } = check;
  return {
    kind: 'http',
    http2: check.codecClientType === CodecClientType.HTTP2,
    method: methodOf(check),
    path: check.path,
    host: check.host,
    headers: check.requestHeadersToAdd.map(checkHeader),
    removed: check.requestHeadersToRemove.map((name) => name.toLowerCase()),
    body: check.send ? payloadOf(check.send) : Buffer.alloc(0),
    expected: check.expectedStatuses.length > 0 ? within(check.expectedStatuses) : (status) => status === 200,
    retriable: within(check.retriableStatuses),
    service: matcher && compileStringMatcher(matcher).test,
    receive: check.receive.map(payloadOf),
    receiveLimit: Number(check.responseBufferSize ?? 1024n),
  };
}

function methodOf({ method, send }: HttpHealthCheck): string {
  if (method === RequestMethod.CONNECT) throw new ClusterConfigError('BAD_VALUE', 'http_health_check: method CONNECT');
  const name = method === RequestMethod.METHOD_UNSPECIFIED ? 'GET' : RequestMethod[method];
  if (send && !['POST', 'PUT', 'PATCH', 'OPTIONS'].includes(name)) {
    throw new ClusterConfigError('BAD_VALUE', `http_health_check: method ${name} has no body to send`);
  }
  return name;
}

function within(ranges: readonly Int64Range[]): (status: number) => boolean {
  const bounds = ranges.map(({ start, end }) => {
    if (start >= end || start < 100n || end > 600n) {
      throw new ClusterConfigError('BAD_VALUE', `statuses [${start}, ${end}) are not within 100 to 600`);
    }
    return [Number(start), Number(end)] as const;
  });
  return (status) => bounds.some(([start, end]) => start <= status && status < end);
}

function tcpCheck(check: TcpHealthCheck): TcpCheck {
  if (check.proxyProtocolConfig)
    throw new ClusterConfigError('UNSUPPORTED_FIELD', 'tcp_health_check: proxy_protocol_config is not supported');
  return {
    kind: 'tcp',
    send: check.send ? payloadOf(check.send) : Buffer.alloc(0),
    receive: check.receive.map(payloadOf),
  };
}

function grpcCheck(check: GrpcHealthCheck): GrpcCheck {
  const headers = check.initialMetadata.map(checkHeader);
  return { kind: 'grpc', service: check.serviceName, authority: check.authority, headers };
}

/** Text is hexadecimal. */
function payloadOf({ payload }: PayloadMessage): Buffer {
  if (payload.case === 'binary') return Buffer.from(payload.value);
  if (payload.case === 'text' && /^(?:[0-9a-fA-F]{2})+$/.test(payload.value)) return Buffer.from(payload.value, 'hex');
  throw new ClusterConfigError('BAD_VALUE', `a payload is not hexadecimal: ${payload.value ?? 'none'}`);
}

function checkHeader({ header, append, appendAction }: HeaderValueOption): CheckHeader {
  const name = (header?.key ?? '').toLowerCase();
  const value = header?.value || Buffer.from(header?.rawValue ?? []).latin1Slice();
  if (value.replaceAll('%%', '').includes('%')) {
    throw new ClusterConfigError('UNSUPPORTED_FIELD', `header ${name} of a health check has a command: ${value}`);
  }
  const appends = append ?? appendAction === AppendAction.APPEND_IF_EXISTS_OR_ADD;
  return { name, value: value.replaceAll('%%', '%'), append: appends };
}
