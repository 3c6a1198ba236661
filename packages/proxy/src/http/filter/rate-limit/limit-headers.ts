// What a rate limit service says of the limits → the headers that show it. https://tools.ietf.org/id/draft-polli-ratelimit-headers-03.html
import {
  type RateLimitResponse,
  RateLimitResponse_Code as Code,
  type RateLimitResponse_DescriptorStatus as Status,
  RateLimitResponse_RateLimit_Unit as Unit,
} from '@meltemi/api/envoy/service/ratelimit/v3/rls_pb';

const SECONDS: Readonly<Record<Unit, number>> = {
  [Unit.UNKNOWN]: 0,
  [Unit.SECOND]: 1,
  [Unit.MINUTE]: 60,
  [Unit.HOUR]: 3600,
  [Unit.DAY]: 86_400,
  [Unit.WEEK]: 604_800,
  [Unit.MONTH]: 2_592_000,
  [Unit.YEAR]: 31_536_000,
};

/** `x-ratelimit-*`: the limit that is nearest to its end, with the windows of all. None where the service names no limits. */
export function limitHeaders({
  statuses,
}: Pick<RateLimitResponse, 'statuses'>): readonly (readonly [string, string])[] {
  let nearest: Status | undefined;
  let policy = '';
  for (const status of statuses) {
    if (!status.currentLimit) continue;
    if (!nearest || status.limitRemaining < nearest.limitRemaining) nearest = status;
    const { unit, requestsPerUnit, name } = status.currentLimit;
    const seconds = SECONDS[unit] ?? 0;
    if (seconds > 0) policy += `, ${requestsPerUnit};w=${seconds}${name === '' ? '' : `;name="${name}"`}`;
  }
  if (!nearest) return [];
  return [
    ['x-ratelimit-limit', `${nearest.currentLimit!.requestsPerUnit}${policy}`],
    ['x-ratelimit-remaining', String(nearest.limitRemaining)],
    ['x-ratelimit-reset', String(nearest.durationUntilReset?.seconds ?? 0n)],
  ];
}

/** Until all descriptors that are over their limits may be asked for again; undefined: the service doesn't say. */
export function retryAfterSeconds({ statuses }: Pick<RateLimitResponse, 'statuses'>): number | undefined {
  const resets = statuses.flatMap(({ code, durationUntilReset }) =>
    code === Code.OVER_LIMIT && durationUntilReset ? [Number(durationUntilReset.seconds)] : [],
  );
  return resets.length === 0 ? undefined : Math.max(1, ...resets);
}
