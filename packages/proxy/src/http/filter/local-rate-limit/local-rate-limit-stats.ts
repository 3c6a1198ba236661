// Counts what a local rate limit filter does, under the prefix of its configuration.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/local_rate_limit_filter#statistics
import type { Counter, StatsStore } from '@meltemi/telemetry';

export interface LocalRateLimitStats {
  readonly enabled: Counter;
  readonly enforced: Counter;
  readonly limited: Counter;
  readonly ok: Counter;
  readonly shadowed: Counter;
  close(): void;
}

/** `PREFIX.http_local_rate_limit.enabled` and so on; the prefix is a label of Prometheus. */
export function localRateLimitStats(store: StatsStore, prefix: string): LocalRateLimitStats {
  const nameOf = (name: string) => ({
    text: `${prefix}.http_local_rate_limit.${name}`,
    metric: `envoy_http_local_rate_limit_${name}`,
    labels: { envoy_local_http_ratelimit_prefix: prefix },
  });
  const names = ['enabled', 'enforced', 'rate_limited', 'ok', 'shadow_mode'] as const;
  const [enabled, enforced, limited, ok, shadowed] = names.map((name) => store.counter(nameOf(name)));
  return {
    enabled: enabled!,
    enforced: enforced!,
    limited: limited!,
    ok: ok!,
    shadowed: shadowed!,
    close: () => names.forEach((name) => store.release(nameOf(name))),
  };
}
