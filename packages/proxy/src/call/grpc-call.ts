// Calls a gRPC method from the proxy itself on one of its clusters: one message there, one back.
import type { Clock } from '@meltemi/base';
import type { Clusters } from '../cluster/cluster.ts';
import { GrpcFrameReader, grpcFrame } from './grpc-frame.ts';
import { GRPC_STATUS, type GrpcOutcome, grpcOutcome, grpcRequestHeaders } from './grpc-head.ts';
import { callHttp, type HttpCallFailure, type HttpCallResult, type RunningCall } from './http-call.ts';

export interface GrpcMethod {
  /** Its cluster speaks HTTP/2, or what its client speaks. */
  readonly cluster: string;
  /** `/package.Service/Method` */
  readonly path: string;
  /** Default: the cluster's name, as Envoy has it. */
  readonly authority?: string | undefined;
  readonly metadata?: readonly (readonly [string, string])[];
  /** 0: no limit. */
  readonly timeoutMs: number;
  /** Of a message that comes back. */
  readonly maxResponseBytes: number;
}

export interface GrpcCall extends GrpcMethod {
  readonly message: Uint8Array;
}

export interface GrpcCallResult extends GrpcOutcome {
  /** The message that came back; only when the status is 0. */
  readonly body?: Buffer;
}

/** Calls `done` once, in a later turn, unless it is cancelled before. Never throws for what the cluster does. */
export function callGrpc(
  clusters: Clusters,
  call: GrpcCall,
  clock: Clock,
  done: (result: GrpcCallResult) => void,
): RunningCall {
  const { cluster, path, authority = cluster, metadata = [], timeoutMs, maxResponseBytes } = call;
  return callHttp(
    clusters,
    {
      cluster,
      method: 'POST',
      target: path,
      headers: grpcRequestHeaders(authority, metadata, timeoutMs),
      body: grpcFrame(call.message),
      timeoutMs,
      maxResponseBytes: maxResponseBytes + 5,
      http2: true,
    },
    clock,
    (result) => done(grpcResult(result, maxResponseBytes)),
  );
}

const FAILURE_STATUS: Readonly<Record<HttpCallFailure, number>> = {
  'no-cluster': GRPC_STATUS.UNAVAILABLE,
  'no-host': GRPC_STATUS.UNAVAILABLE,
  overflow: GRPC_STATUS.UNAVAILABLE,
  timeout: GRPC_STATUS.DEADLINE_EXCEEDED,
  reset: GRPC_STATUS.UNAVAILABLE,
  'too-large': GRPC_STATUS.RESOURCE_EXHAUSTED,
};

function grpcResult(result: HttpCallResult, maxBytes: number): GrpcCallResult {
  if (result.kind === 'failed') return { status: FAILURE_STATUS[result.reason], message: result.detail };
  const outcome = grpcOutcome(result.status, result.headers, result.trailers);
  if (outcome.status !== GRPC_STATUS.OK) return outcome;
  const reader = new GrpcFrameReader(maxBytes);
  const messages = reader.push(result.body);
  if (typeof messages === 'string') return { status: GRPC_STATUS.INTERNAL, message: messages };
  const [body] = messages;
  if (!body || messages.length > 1 || !reader.atBoundary) {
    return { status: GRPC_STATUS.INTERNAL, message: `the response has ${messages.length} whole messages, not one` };
  }
  return { ...outcome, body };
}
