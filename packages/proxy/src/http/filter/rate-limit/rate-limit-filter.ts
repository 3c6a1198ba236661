// Refuses requests that a rate limit service finds to be too many.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/rate_limit_filter
import { fromBinary } from '@bufbuild/protobuf';
import {
  RateLimitPerRouteSchema,
  RateLimitSchema,
} from '@meltemi/api/envoy/extensions/filters/http/ratelimit/v3/rate_limit_pb';
import type { Decision, Fraction, RateLimitRule } from '@meltemi/decide';
import { falls, isAlways } from '@meltemi/decide';
import type { StatsScope } from '@meltemi/telemetry';
import { routeRules } from '../../../rate-limit/request-descriptors.ts';
import type { HttpFilterParts, HttpFilterType } from '../filter-type.ts';
import type { FilteredStream, HttpFilter, StreamFilter } from '../http-filter.ts';
import { readMessage } from '../read-message.ts';
import { LimitedRequest, type RateLimitSite } from './limited-request.ts';
import {
  rateLimitSettings,
  type RateLimitSettings,
  routeRateLimit,
  type RouteRateLimit,
} from './rate-limit-settings.ts';

export const RATE_LIMIT_FILTER: HttpFilterType = {
  typeName: RateLimitSchema.typeName,
  compile: (name, config, parts) =>
    new RateLimitFilter(name, rateLimitSettings(fromBinary(RateLimitSchema, config)), parts),
  readRouteConfig: (config) => routeRateLimit(readMessage(config, RateLimitPerRouteSchema)),
};

class RateLimitFilter implements HttpFilter, RateLimitSite {
  readonly name: string;
  readonly settings: RateLimitSettings;
  readonly parts: HttpFilterParts;
  readonly #scopes = new Map<string, StatsScope>();

  constructor(name: string, settings: RateLimitSettings, parts: HttpFilterParts) {
    this.name = name;
    this.settings = settings;
    this.parts = parts;
  }

  open(): StreamFilter {
    return new LimitedRequest(this);
  }

  close(): void {
    for (const scope of this.#scopes.values()) scope.close();
  }

  rolls(fraction: Fraction): boolean {
    return isAlways(fraction) || falls(this.parts.dice.roll(), fraction);
  }

  /** Of the most specific level that says something. */
  ofRoute(stream: FilteredStream): RouteRateLimit | undefined {
    return stream.routeConfigs(this.name).find(({ config }) => config !== undefined)?.config as
      | RouteRateLimit
      | undefined;
  }

  rulesFor(decision: Decision, ofRoute: RouteRateLimit | undefined): readonly RateLimitRule[] {
    if (ofRoute && ofRoute.rules.length > 0) return ofRoute.rules;
    const { rules, stage } = this.settings;
    return rules.length > 0 ? rules : routeRules(decision, { stage, virtualHost: ofRoute?.virtualHost ?? 'override' });
  }

  /** `outcome`: as the counter is named. */
  count(cluster: string, outcome: 'ok' | 'error' | 'over_limit' | 'failure_mode_allowed'): void {
    let scope = this.#scopes.get(cluster);
    if (!scope) {
      scope = this.parts.stats.scope('cluster', { cluster_name: cluster });
      this.#scopes.set(cluster, scope);
    }
    scope.counter(`${this.settings.statPrefix}.${outcome}`).increment();
  }
}
