// The time limits of a route, and those of one request by its headers.
// https://www.envoyproxy.io/docs/envoy/latest/faq/configuration/timeouts#route-timeouts
import type { RouteAction } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { durationToMs } from '@meltemi/base';
import type { RequestView } from './request-view.ts';
import { unsigned } from './retry-policy.ts';

/** All in milliseconds; 0: no limit; undefined: not said. */
export interface Timeouts {
  readonly timeoutMs: number;
  readonly idleTimeoutMs: number | undefined;
  readonly maxStreamDurationMs: number | undefined;
  /** How far `grpc-timeout` may go in the place of `timeoutMs`. */
  readonly grpc: GrpcTimeout | undefined;
  /** How far `grpc-timeout` may go in the place of `maxStreamDurationMs`. */
  readonly grpcStream: GrpcTimeout | undefined;
}

interface GrpcTimeout {
  readonly maxMs: number;
  readonly offsetMs: number;
}

const DEFAULT_TIMEOUT_MS = 15_000;

type DurationFields = { readonly seconds: bigint; readonly nanos: number };

export function compileTimeouts(action: RouteAction): Timeouts {
  const stream = action.maxStreamDuration;
  return {
    // A route that speaks of max_stream_duration at all has given up the older limits.
    timeoutMs: stream ? 0 : (ms(action.timeout) ?? DEFAULT_TIMEOUT_MS),
    idleTimeoutMs: ms(action.idleTimeout),
    maxStreamDurationMs: ms(stream?.maxStreamDuration),
    grpc: stream ? undefined : grpcTimeout(action.maxGrpcTimeout, action.grpcTimeoutOffset),
    grpcStream: grpcTimeout(stream?.grpcTimeoutHeaderMax, stream?.grpcTimeoutHeaderOffset),
  };
}

/** The limit for one request: the trusted header, else `grpc-timeout` where the route takes it, else the route's. */
export function timeoutFor(timeouts: Timeouts, request: RequestView): number {
  const asked = request.trusted ? unsigned(request.headers.get('x-envoy-upstream-rq-timeout-ms')) : undefined;
  if (asked !== undefined) return asked;
  if (timeouts.grpc && isGrpc(request)) return limitGrpc(timeouts.grpc, request);
  return timeouts.timeoutMs;
}

export function maxStreamDurationFor(timeouts: Timeouts, request: RequestView): number | undefined {
  const header = timeouts.grpcStream && isGrpc(request) ? request.headers.get('grpc-timeout') : undefined;
  return timeouts.grpcStream && header !== undefined
    ? limitGrpc(timeouts.grpcStream, request)
    : timeouts.maxStreamDurationMs;
}

/** True for `application/grpc` and `application/grpc+…`. */
export function isGrpc(request: RequestView): boolean {
  const type = request.headers.get('content-type');
  return type !== undefined && (type === 'application/grpc' || type.startsWith('application/grpc+'));
}

function limitGrpc(limit: GrpcTimeout, request: RequestView): number {
  let timeoutMs = parseGrpcTimeout(request.headers.get('grpc-timeout'));
  // An offset that would leave nothing is not taken off: 0 means no limit.
  if (limit.offsetMs < timeoutMs) timeoutMs -= limit.offsetMs;
  return limit.maxMs !== 0 && (timeoutMs === 0 || timeoutMs > limit.maxMs) ? limit.maxMs : timeoutMs;
}

const GRPC_UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md: up to eight digits and a unit; 0 when it is not that.
function parseGrpcTimeout(text: string | undefined): number {
  const match = /^(\d{1,8})([HMSmun])$/.exec(text ?? '');
  return match ? Math.ceil(Number(match[1]) * GRPC_UNIT_MS[match[2]!]!) : 0;
}

function grpcTimeout(max: DurationFields | undefined, offset: DurationFields | undefined): GrpcTimeout | undefined {
  return max && { maxMs: durationToMs(max), offsetMs: ms(offset) ?? 0 };
}

function ms(duration: DurationFields | undefined): number | undefined {
  return duration && durationToMs(duration);
}
