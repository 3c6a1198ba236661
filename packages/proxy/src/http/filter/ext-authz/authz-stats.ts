// The counters of an ext_authz filter.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/ext_authz_filter#statistics
import type { Counter, StatsScope } from '@meltemi/telemetry';

export interface AuthzStats {
  readonly ok: Counter;
  readonly denied: Counter;
  readonly error: Counter;
  readonly disabled: Counter;
  readonly failureModeAllowed: Counter;
  readonly invalid: Counter;
  readonly ignoredMetadata: Counter;
}

export function authzStats(scope: StatsScope, prefix: string): AuthzStats {
  const counter = (name: string) => scope.counter(`ext_authz.${prefix === '' ? '' : `${prefix}.`}${name}`);
  return {
    ok: counter('ok'),
    denied: counter('denied'),
    error: counter('error'),
    disabled: counter('disabled'),
    failureModeAllowed: counter('failure_mode_allowed'),
    invalid: counter('invalid'),
    ignoredMetadata: counter('ignored_dynamic_metadata'),
  };
}
