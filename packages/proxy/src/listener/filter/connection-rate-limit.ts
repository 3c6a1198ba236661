// Closes connections that come faster than a bucket of tokens allows, before anything is read.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/listener_filters/local_rate_limit_filter
import type { LocalRateLimit } from '@meltemi/api/envoy/extensions/filters/listener/local_ratelimit/v3/local_ratelimit_pb';
import type { ListenerParts } from '../listener-parts.ts';
import { bucketSize, TokenBucket } from '../../rate-limit/token-bucket.ts';
import type { ListenerFilter } from './listener-filter.ts';

/** Throws a typed error for a bucket that can't be honoured. */
export function connectionRateLimit(config: LocalRateLimit, { stats, clock, counters }: ListenerParts): ListenerFilter {
  const bucket = new TokenBucket(bucketSize(config.tokenBucket), `listener-rate-limit/${config.statPrefix}`, {
    clock,
    counters,
  });
  const enabled = config.runtimeEnabled?.defaultValue ?? true;
  const scope = stats.scope(`listener_local_ratelimit.${config.statPrefix}`);
  const limited = scope.counter('rate_limited');
  return {
    inspect() {
      if (!enabled || bucket.take()) return 'next';
      limited.increment();
      return 'refuse';
    },
    close: () => {
      scope.close();
      bucket.close();
    },
  };
}
