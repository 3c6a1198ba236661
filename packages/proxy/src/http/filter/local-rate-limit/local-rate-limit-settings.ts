// Turns the message of the local rate limit filter, a listener's or a route's, into what the filter works with.
import type { HeaderValueOption } from '@meltemi/api/envoy/config/core/v3/base_pb';
import {
  VhRateLimitsOptions,
  XRateLimitHeadersRFCVersion,
} from '@meltemi/api/envoy/extensions/common/ratelimit/v3/ratelimit_pb';
import {
  type LocalRateLimit,
  LocalRateLimitSchema,
} from '@meltemi/api/envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit_pb';
import {
  compileHeaderChanges,
  compileRateLimits,
  type Fraction,
  type HeaderChange,
  joinLevels,
  type RateLimitRule,
  runtimeFraction,
} from '@meltemi/decide';
import { toBinary } from '@bufbuild/protobuf';
import { hash } from 'node:crypto';
import { type LimiterSettings, limitedDescriptors } from '../../../rate-limit/local-limiter.ts';
import type { VirtualHostRules } from '../../../rate-limit/request-descriptors.ts';
import { bucketSize } from '../../../rate-limit/token-bucket.ts';
import { FilterConfigError } from '../../http-config-error.ts';

export interface LocalRateLimitSettings {
  readonly statPrefix: string;
  readonly status: number;
  readonly limiter: LimiterSettings;
  /** Of what it says and where: the same in every worker, and no other's. */
  readonly fingerprint: string;
  readonly perConnection: boolean;
  readonly enabled: Fraction;
  readonly enforced: Fraction;
  readonly requestHeaders: readonly HeaderChange[];
  readonly responseHeaders: readonly HeaderChange[];
  readonly stage: number;
  readonly virtualHost: VirtualHostRules;
  /** In the place of the route's; empty: the route's count. */
  readonly rules: readonly RateLimitRule[];
  readonly announced: boolean;
  readonly retryAfter: boolean;
  readonly resourceExhausted: boolean;
}

const NEVER: Fraction = { numerator: 0, denominator: 100 };
const DEFAULT_MAX_DYNAMIC = 20;
const MAX_STAGE = 10;

/** Throws a typed error for what can't be honoured. `place`: of a route's configuration, which must have a token bucket. */
export function localRateLimitSettings(config: LocalRateLimit, place?: number): LocalRateLimitSettings {
  refuseUnsupported(config, place !== undefined);
  const { tokenBucket, filterEnabled, filterEnforced } = config;
  return {
    statPrefix: config.statPrefix,
    status: limitedStatus(config.status?.code),
    limiter: {
      defaultSize: tokenBucket && bucketSize(tokenBucket),
      descriptors: limitedDescriptors(config.descriptors),
      alwaysConsumesDefault: config.alwaysConsumeDefaultTokenBucket ?? true,
      maxDynamic: config.maxDynamicDescriptors ?? DEFAULT_MAX_DYNAMIC,
    },
    fingerprint: `${place ?? ''}/${hash('sha256', toBinary(LocalRateLimitSchema, config), 'base64')}`,
    perConnection: config.localRateLimitPerDownstreamConnection,
    enabled: filterEnabled ? runtimeFraction(filterEnabled) : NEVER,
    enforced: filterEnforced ? runtimeFraction(filterEnforced) : NEVER,
    requestHeaders: changes(config.requestHeadersToAddWhenNotEnforced),
    responseHeaders: changes(config.responseHeadersToAdd),
    stage: config.stage,
    virtualHost: VIRTUAL_HOST[config.vhRateLimits],
    rules: compileRateLimits(config.rateLimits),
    announced: config.enableXRatelimitHeaders === XRateLimitHeadersRFCVersion.DRAFT_VERSION_03,
    retryAfter: config.enableRetryAfterHeader,
    resourceExhausted: config.rateLimitedAsResourceExhausted,
  };
}

const VIRTUAL_HOST: Readonly<Record<VhRateLimitsOptions, VirtualHostRules>> = {
  [VhRateLimitsOptions.OVERRIDE]: 'override',
  [VhRateLimitsOptions.INCLUDE]: 'include',
  [VhRateLimitsOptions.IGNORE]: 'ignore',
};

/** Below 400 it would be no refusal: 429. */
export function limitedStatus(code: number | undefined): number {
  return code !== undefined && code >= 400 ? code : 429;
}

function changes(options: readonly HeaderValueOption[]): readonly HeaderChange[] {
  return joinLevels([compileHeaderChanges(options, [])]);
}

function refuseUnsupported(config: LocalRateLimit, ofRoute: boolean): void {
  const refuse = (code: 'BAD_FILTER' | 'UNSUPPORTED_FIELD', what: string): never => {
    throw new FilterConfigError(code, `local_ratelimit: ${what}`);
  };
  if (config.statPrefix === '') refuse('BAD_FILTER', 'stat_prefix is missing');
  if (config.stage > MAX_STAGE) refuse('BAD_FILTER', `stage ${config.stage} is above ${MAX_STAGE}`);
  if (ofRoute && !config.tokenBucket) refuse('BAD_FILTER', 'a route’s configuration has a token_bucket');
  if (config.localClusterRateLimit) refuse('UNSUPPORTED_FIELD', 'local_cluster_rate_limit is not supported');
  if (config.rateLimits.some(({ stage, disableKey }) => stage !== undefined || disableKey !== ''))
    refuse('UNSUPPORTED_FIELD', 'rate_limits take no stage and no disable_key');
}
