// Turns the messages of the rate limit filter, a listener's and a route's, into what the filter works with.
import type { HeaderValueOption } from '@meltemi/api/envoy/config/core/v3/base_pb';
import { ApiVersion } from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import {
  type RateLimit,
  type RateLimitPerRoute,
  RateLimit_XRateLimitHeadersRFCVersion as XRateLimitHeaders,
  RateLimitPerRoute_OverrideOptions as OverrideOptions,
  RateLimitPerRoute_VhRateLimitsOptions as VirtualHostOptions,
} from '@meltemi/api/envoy/extensions/filters/http/ratelimit/v3/rate_limit_pb';
import { durationToMs } from '@meltemi/base';
import {
  compileHeaderChanges,
  compileRateLimits,
  type Fraction,
  type HeaderChange,
  joinLevels,
  type RateLimitRule,
  runtimeFraction,
} from '@meltemi/decide';
import { type GrpcTarget, grpcTarget } from '../../../call/grpc-target.ts';
import type { VirtualHostRules } from '../../../rate-limit/request-descriptors.ts';
import { FilterConfigError } from '../../http-config-error.ts';

export interface RateLimitSettings {
  readonly domain: string;
  readonly stage: number;
  readonly requests: 'internal' | 'external' | 'both';
  readonly service: GrpcTarget;
  /** 0: no limit. */
  readonly timeoutMs: number;
  readonly enabled: Fraction;
  readonly enforced: Fraction;
  /** Of the requests that the service has no answer for, those that are refused. */
  readonly deniesOnError: Fraction;
  readonly limitedStatus: number;
  readonly errorStatus: number;
  readonly responseHeaders: readonly HeaderChange[];
  /** In the place of the route's; empty: the route's count. */
  readonly rules: readonly RateLimitRule[];
  readonly announced: boolean;
  readonly retryAfter: boolean;
  readonly marksLimited: boolean;
  readonly resourceExhausted: boolean;
  /** Of its counters: `ratelimit.`, with a prefix of its own where it has one. */
  readonly statPrefix: string;
  readonly metadataNamespace: string;
}

/** What a route says. */
export interface RouteRateLimit {
  /** Empty: the listener's. */
  readonly domain: string;
  readonly virtualHost: VirtualHostRules;
  /** Empty: those of the route and its virtual host. */
  readonly rules: readonly RateLimitRule[];
}

const DEFAULT_TIMEOUT_MS = 20;
const MAX_STAGE = 10;
const DEFAULT_NAMESPACE = 'envoy.filters.http.ratelimit';

/** Throws a typed error for what can't be honoured. */
export function rateLimitSettings(config: RateLimit): RateLimitSettings {
  const { domain, stage, rateLimitService: service, timeout, failureModeDenyPercent } = config;
  if (domain === '') throw refused('BAD_FILTER', 'domain is missing');
  if (stage > MAX_STAGE) throw refused('BAD_FILTER', `stage ${stage} is above ${MAX_STAGE}`);
  if (!service) throw refused('BAD_FILTER', 'rate_limit_service is missing');
  if (service.transportApiVersion !== ApiVersion.V3) throw refused('BAD_FILTER', 'transport_api_version is V3');
  const denies = config.failureModeDeny ? ALWAYS : NEVER;
  return {
    domain,
    stage,
    requests: requestsOf(config.requestType),
    service: grpcTarget(service.grpcService, 'ratelimit: rate_limit_service'),
    timeoutMs: timeout ? durationToMs(timeout) : DEFAULT_TIMEOUT_MS,
    enabled: runtimeFraction(config.filterEnabled),
    enforced: runtimeFraction(config.filterEnforced),
    deniesOnError: failureModeDenyPercent ? runtimeFraction(failureModeDenyPercent) : denies,
    limitedStatus: atLeast400(config.rateLimitedStatus?.code, 429),
    errorStatus: config.statusOnError?.code || 500,
    responseHeaders: changes(config.responseHeadersToAdd),
    rules: compileRateLimits(config.rateLimits),
    announced: config.enableXRatelimitHeaders === XRateLimitHeaders.DRAFT_VERSION_03,
    retryAfter: config.enableRetryAfterHeader,
    marksLimited: !config.disableXEnvoyRatelimitedHeader,
    resourceExhausted: config.rateLimitedAsResourceExhausted,
    statPrefix: config.statPrefix === '' ? 'ratelimit' : `ratelimit.${config.statPrefix}`,
    metadataNamespace: config.metadataNamespace || DEFAULT_NAMESPACE,
  };
}

const ALWAYS: Fraction = { numerator: 100, denominator: 100 };
const NEVER: Fraction = { numerator: 0, denominator: 100 };

/** Throws DecideError for rules that can't be honoured. */
export function routeRateLimit({
  domain,
  vhRateLimits,
  overrideOption,
  rateLimits,
}: RateLimitPerRoute): RouteRateLimit {
  return { domain, virtualHost: virtualHostRules(overrideOption, vhRateLimits), rules: compileRateLimits(rateLimits) };
}

/** The newer option counts where it says something. */
function virtualHostRules(option: OverrideOptions, older: VirtualHostOptions): VirtualHostRules {
  switch (option) {
    case OverrideOptions.OVERRIDE_POLICY:
      return 'override';
    case OverrideOptions.INCLUDE_POLICY:
      return 'include';
    case OverrideOptions.IGNORE_POLICY:
      return 'ignore';
    case OverrideOptions.DEFAULT:
      return OLDER[older];
  }
}

const OLDER: Readonly<Record<VirtualHostOptions, VirtualHostRules>> = {
  [VirtualHostOptions.OVERRIDE]: 'override',
  [VirtualHostOptions.INCLUDE]: 'include',
  [VirtualHostOptions.IGNORE]: 'ignore',
};

function requestsOf(text: string): RateLimitSettings['requests'] {
  if (text === 'internal' || text === 'external') return text;
  if (text === '' || text === 'both') return 'both';
  throw refused('BAD_FILTER', `request_type "${text}"`);
}

function atLeast400(code: number | undefined, otherwise: number): number {
  return code !== undefined && code >= 400 ? code : otherwise;
}

function changes(options: readonly HeaderValueOption[]): readonly HeaderChange[] {
  return joinLevels([compileHeaderChanges(options, [])]);
}

function refused(code: 'BAD_FILTER', what: string): FilterConfigError {
  return new FilterConfigError(code, `ratelimit: ${what}`);
}
