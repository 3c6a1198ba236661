// Turns the `rate_limits` of routes, virtual hosts and filters into the descriptors of one request.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto#config-route-v3-ratelimit
import type { JsonObject } from '@bufbuild/protobuf';
import {
  type RateLimit,
  RateLimit_XRateLimitOption as XRateLimitOption,
} from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { DecideError } from './decide-error.ts';
import { compileRateLimitAction, type RateLimitAction } from './rate-limit-action.ts';
import {
  compileHits,
  compileLimitOverride,
  type HitsOf,
  type LimitOf,
  type RateLimitOverride,
} from './rate-limit-extent.ts';
import type { RateLimitEntry, RateLimitView } from './rate-limit-view.ts';

/** What a request is counted under. */
export interface RateLimitDescriptor {
  readonly entries: readonly RateLimitEntry[];
  /** In the place of the limit that the counting side knows. */
  readonly limit: RateLimitOverride | undefined;
  /** How much the request counts; undefined: 1. */
  readonly hits: number | undefined;
  /** The hits are given back. */
  readonly givesBack: boolean;
  /** Whether responses show `x-ratelimit-*`; undefined: as the filter says. */
  readonly announced: boolean | undefined;
}

/** One compiled RateLimit. */
export interface RateLimitRule {
  readonly stage: number;
  readonly disableKey: string;
  /** Counted when the response is over, not before the request goes on. */
  readonly onStreamDone: boolean;
  readonly actions: readonly RateLimitAction[];
  readonly limit: LimitOf | undefined;
  readonly hits: HitsOf | undefined;
  readonly givesBack: boolean;
  readonly announced: boolean | undefined;
}

/** What a route and its virtual host say. */
export interface RouteRateLimits {
  readonly route: readonly RateLimitRule[];
  readonly virtualHost: readonly RateLimitRule[];
  readonly includeVirtualHost: boolean;
  readonly metadata: Readonly<Record<string, JsonObject>>;
}

/** Envoy's own. */
const MAX_STAGE = 10;

/** Throws DecideError. */
export function compileRateLimits(messages: readonly RateLimit[]): readonly RateLimitRule[] {
  return messages.map(compileRule);
}

/** Of a route or a virtual host, where Envoy knows neither hits nor the end of the stream: those are for filters' own rules. */
export function compileRouteRateLimits(messages: readonly RateLimit[]): readonly RateLimitRule[] {
  return compileRateLimits(messages).map((rule) => ({
    ...rule,
    hits: undefined,
    givesBack: false,
    onStreamDone: false,
  }));
}

function compileRule(message: RateLimit): RateLimitRule {
  const { stage = 0, disableKey, applyOnStreamDone, actions, limit, hitsAddend } = message;
  if (stage > MAX_STAGE) throw new DecideError('BAD_ACTION', `rate_limits: stage ${stage} is above ${MAX_STAGE}`);
  if (actions.length === 0) throw new DecideError('BAD_ACTION', 'rate_limits: there are no actions');
  return {
    stage,
    disableKey,
    onStreamDone: applyOnStreamDone,
    actions: actions.map(compileRateLimitAction),
    limit: limit && compileLimitOverride(limit),
    hits: hitsAddend && compileHits(hitsAddend),
    givesBack: hitsAddend?.isNegativeHits ?? false,
    announced: announcement(message.xRatelimitOption),
  };
}

function announcement(option: XRateLimitOption): boolean | undefined {
  return option === XRateLimitOption.UNSPECIFIED ? undefined : option === XRateLimitOption.DRAFT_VERSION_03;
}

/** The descriptors of all rules; a rule whose actions find nothing makes none. */
export function rateLimitDescriptors(
  rules: readonly RateLimitRule[],
  view: RateLimitView,
): readonly RateLimitDescriptor[] {
  return rules.flatMap((rule) => rateLimitDescriptor(rule, view) ?? []);
}

function rateLimitDescriptor(rule: RateLimitRule, view: RateLimitView): RateLimitDescriptor | undefined {
  const entries: RateLimitEntry[] = [];
  for (const action of rule.actions) {
    const found = action(view);
    if (found === 'nothing') return undefined;
    if (found !== 'skip') entries.push(found);
  }
  const hits = rule.hits?.(view);
  if (hits === 'nothing') return undefined;
  const { givesBack, announced } = rule;
  return { entries, limit: rule.limit?.(view), hits, givesBack, announced };
}
