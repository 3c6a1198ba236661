// Serves envoy.service.ratelimit.v3.RateLimitService: descriptors of a request → whether it is too much.
import {
  type RateLimitDescriptor,
  type RateLimitDescriptor_RateLimitOverride as LimitOverride,
} from '@meltemi/api/envoy/extensions/common/ratelimit/v3/ratelimit_pb';
import {
  type RateLimitRequest,
  type RateLimitResponse,
  RateLimitService,
} from '@meltemi/api/envoy/service/ratelimit/v3/rls_pb';
import { RateLimitUnit } from '@meltemi/api/envoy/type/v3/ratelimit_unit_pb';
import { type GrpcCall, type GrpcReply, type GrpcService, grpcService } from '@meltemi/rpc';

import type { QuotaCounters } from '../quota/quota-counters.ts';
import { answerCall, type MixerServiceOptions } from '../serve/answer-call.ts';

import { limitAnswer, type LimitTaken } from './limit-answer.ts';
import { limitFor, type LimitTrees, NO_LIMITS, type RateLimit } from './rate-limit-tree.ts';

export interface LimitServiceOptions extends MixerServiceOptions {
  /** Asked once for each call. */
  readonly limits: () => LimitTrees;
  readonly counters: QuotaCounters;
}

const SECOND = 1000;
const UNIT_MS: { readonly [Unit in RateLimitUnit]?: number } = {
  [RateLimitUnit.SECOND]: SECOND,
  [RateLimitUnit.MINUTE]: 60 * SECOND,
  [RateLimitUnit.HOUR]: 3600 * SECOND,
  [RateLimitUnit.DAY]: 86_400 * SECOND,
  [RateLimitUnit.MONTH]: 30 * 86_400 * SECOND,
  [RateLimitUnit.YEAR]: 365 * 86_400 * SECOND,
};

export function rateLimitService(options: LimitServiceOptions): GrpcService {
  return {
    definition: grpcService(RateLimitService),
    implementation: {
      ShouldRateLimit: (call: GrpcCall<RateLimitRequest, RateLimitResponse>, reply: GrpcReply<RateLimitResponse>) =>
        answerCall('RateLimit', () => answer(call.request, options), reply, options),
    },
  };
}

/** Every limit that a descriptor has is taken of, also behind one that is exceeded. */
async function answer(
  request: RateLimitRequest,
  { limits, counters }: LimitServiceOptions,
): Promise<RateLimitResponse> {
  const tree = limits().get(request.domain) ?? NO_LIMITS;
  const taken = request.descriptors.map(async (descriptor) => {
    const limit = overridden(descriptor.limit) ?? limitFor(tree, descriptor.entries);
    if (limit === undefined || limit === 'unlimited') return undefined;
    const hits = Number(descriptor.hitsAddend ?? BigInt(request.hitsAddend || 1));
    return take(counters, keyOf(request.domain, descriptor), limit, hits);
  });
  return limitAnswer(await Promise.all(taken));
}

async function take(counters: QuotaCounters, key: string, limit: RateLimit, hits: number): Promise<LimitTaken> {
  const window = { maxAmount: limit.requests, lengthMs: limit.lengthMs, algorithm: 'FIXED_WINDOW' } as const;
  const { granted, left, resetMs } = await counters.take(key, window, hits, false);
  return { limit, over: granted < hits && !limit.shadow, left, resetMs };
}

function keyOf(domain: string, { entries }: RateLimitDescriptor): string {
  return JSON.stringify([domain, ...entries.map(({ key, value }) => [key, value])]);
}

function overridden(limit: LimitOverride | undefined): RateLimit | undefined {
  const lengthMs = limit && UNIT_MS[limit.unit];
  return !limit || lengthMs === undefined
    ? undefined
    : { requests: limit.requestsPerUnit, lengthMs, name: '', shadow: false };
}
