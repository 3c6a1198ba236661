// The counters of a jwt_authn filter.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/jwt_authn_filter#statistics
import type { Counter, StatsScope } from '@meltemi/telemetry';

export interface JwtStats {
  readonly allowed: Counter;
  readonly denied: Counter;
  readonly preflightBypassed: Counter;
  readonly fetchSucceeded: Counter;
  readonly fetchFailed: Counter;
  readonly cacheHit: Counter;
  readonly cacheMiss: Counter;
}

export function jwtStats(scope: StatsScope): JwtStats {
  return {
    allowed: scope.counter('jwt_authn.allowed'),
    denied: scope.counter('jwt_authn.denied'),
    preflightBypassed: scope.counter('jwt_authn.cors_preflight_bypassed'),
    fetchSucceeded: scope.counter('jwt_authn.jwks_fetch_success'),
    fetchFailed: scope.counter('jwt_authn.jwks_fetch_failed'),
    cacheHit: scope.counter('jwt_authn.jwt_cache_hit'),
    cacheMiss: scope.counter('jwt_authn.jwt_cache_miss'),
  };
}
