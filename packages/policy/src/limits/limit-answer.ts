// What was taken of limits → the answer to a rate limit request, with RateLimit fields for the client.
// https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-03
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  type RateLimitResponse,
  RateLimitResponse_Code as Code,
  type RateLimitResponse_DescriptorStatusSchema as StatusSchema,
  RateLimitResponse_RateLimit_Unit as Unit,
  RateLimitResponseSchema,
} from '@meltemi/api/envoy/service/ratelimit/v3/rls_pb';
import { msToDuration } from '@meltemi/base';

import type { RateLimit } from './rate-limit-tree.ts';

/** One limit of a request, and what there is of it. */
export interface LimitTaken {
  readonly limit: RateLimit;
  readonly over: boolean;
  readonly left: number;
  readonly resetMs: number;
}

const SECOND = 1000;
const UNITS: Readonly<Record<number, Unit>> = {
  [SECOND]: Unit.SECOND,
  [60 * SECOND]: Unit.MINUTE,
  [3600 * SECOND]: Unit.HOUR,
  [86_400 * SECOND]: Unit.DAY,
  [7 * 86_400 * SECOND]: Unit.WEEK,
  [30 * 86_400 * SECOND]: Unit.MONTH,
  [365 * 86_400 * SECOND]: Unit.YEAR,
};
const LARGEST_UINT32 = 2 ** 32 - 1;

/** In the order of the descriptors; undefined: there is no limit. */
export function limitAnswer(taken: readonly (LimitTaken | undefined)[]): RateLimitResponse {
  const limited = taken.filter((each) => each !== undefined);
  const [closest] = [...limited].sort((a, b) => Number(b.over) - Number(a.over) || a.left - b.left);
  return create(RateLimitResponseSchema, {
    overallCode: limited.some(({ over }) => over) ? Code.OVER_LIMIT : Code.OK,
    statuses: taken.map(statusOf),
    responseHeadersToAdd: closest ? limitFields(closest).map(([key, value]) => ({ key, value })) : [],
  });
}

/** Of the limit that its requests meet first. */
function limitFields({ limit: { requests, lengthMs }, left, resetMs }: LimitTaken): readonly [string, string][] {
  return [
    ['ratelimit-limit', `${requests}, ${requests};w=${Math.ceil(lengthMs / SECOND)}`],
    ['ratelimit-remaining', String(Math.max(0, left))],
    ['ratelimit-reset', String(Math.ceil(resetMs / SECOND))],
  ];
}

function statusOf(taken: LimitTaken | undefined): MessageInitShape<typeof StatusSchema> {
  if (!taken) return { code: Code.OK };
  const { limit, over, left, resetMs } = taken;
  const unit = UNITS[limit.lengthMs] ?? Unit.UNKNOWN;
  return {
    code: over ? Code.OVER_LIMIT : Code.OK,
    currentLimit: { name: limit.name, requestsPerUnit: Math.min(limit.requests, LARGEST_UINT32), unit },
    limitRemaining: Math.min(Math.max(0, left), LARGEST_UINT32),
    durationUntilReset: msToDuration(resetMs),
  };
}
