// Asks a rate limit service whether the descriptors of a request are over their limits.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/ratelimit/v3/rls.proto
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  RateLimitRequestSchema,
  type RateLimitResponse,
  RateLimitResponseSchema,
} from '@meltemi/api/envoy/service/ratelimit/v3/rls_pb';
import type { Clock } from '@meltemi/base';
import type { RateLimitDescriptor } from '@meltemi/decide';
import { callGrpc, type GrpcCallResult } from '../../../call/grpc-call.ts';
import { GRPC_STATUS } from '../../../call/grpc-head.ts';
import type { RunningCall } from '../../../call/http-call.ts';
import type { Clusters } from '../../../cluster/cluster.ts';
import type { RateLimitSettings } from './rate-limit-settings.ts';

const METHOD = '/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit';
const MAX_RESPONSE_BYTES = 1_048_576;

export interface RateLimitQuestion {
  readonly domain: string;
  readonly descriptors: readonly RateLimitDescriptor[];
  /** Of all descriptors; 0: the service's default, 1. */
  readonly hits: number;
}

/** `done` gets undefined where the service has no answer. */
export function askRateLimit(
  { service, timeoutMs }: Pick<RateLimitSettings, 'service' | 'timeoutMs'>,
  question: RateLimitQuestion,
  { clusters, clock }: { readonly clusters: Clusters; readonly clock: Clock },
  done: (response: RateLimitResponse | undefined) => void,
): RunningCall {
  const { cluster, authority, metadata } = service;
  const message = toBinary(RateLimitRequestSchema, requestOf(question));
  const call = { cluster, path: METHOD, authority, metadata, timeoutMs, maxResponseBytes: MAX_RESPONSE_BYTES, message };
  return callGrpc(clusters, call, clock, (result) => done(responseOf(result)));
}

function requestOf({ domain, descriptors, hits }: RateLimitQuestion) {
  return create(RateLimitRequestSchema, {
    domain,
    hitsAddend: hits,
    descriptors: descriptors.map(({ entries, limit, hits: own, givesBack }) => ({
      entries: entries.map(({ key, value }) => ({ key, value })),
      ...(limit && { limit }),
      ...(own !== undefined && { hitsAddend: BigInt(own) }),
      isNegativeHits: givesBack,
    })),
  });
}

function responseOf({ status, body }: GrpcCallResult): RateLimitResponse | undefined {
  if (status !== GRPC_STATUS.OK || !body) return undefined;
  try {
    return fromBinary(RateLimitResponseSchema, body);
  } catch {
    return undefined;
  }
}
