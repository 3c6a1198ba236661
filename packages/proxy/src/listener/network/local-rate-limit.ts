// Closes connections that come faster than a bucket of tokens allows.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/network_filters/local_rate_limit_filter
import type { LocalRateLimit } from '@meltemi/api/envoy/extensions/filters/network/local_ratelimit/v3/local_rate_limit_pb';
import { ListenerConfigError } from '../listener-config-error.ts';
import type { ListenerParts } from '../listener-parts.ts';
import { bucketSize, TokenBucket } from '../../rate-limit/token-bucket.ts';
import { type ConnectionFilter, denied } from './connection-filter.ts';

/** Throws a typed error for a bucket that can't be honoured. */
export function localRateLimit(config: LocalRateLimit, { stats, clock, counters }: ListenerParts): ConnectionFilter {
  if (config.shareKey !== '')
    throw new ListenerConfigError('UNSUPPORTED_FIELD', 'local_ratelimit: share_key is not supported');
  const bucket = new TokenBucket(bucketSize(config.tokenBucket), `network-rate-limit/${config.statPrefix}`, {
    clock,
    counters,
  });
  const enabled = config.runtimeEnabled?.defaultValue ?? true;
  const scope = stats.scope('local_rate_limit').scope(config.statPrefix);
  const limited = scope.counter('rate_limited');
  return {
    admit() {
      if (!enabled || bucket.take()) return undefined;
      limited.increment();
      return denied('local_rate_limit');
    },
    close: () => {
      scope.close();
      bucket.close();
    },
  };
}
