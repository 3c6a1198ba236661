// The adapter that keeps quotas in a Redis, for all Mixers that name it.
// https://istio.io/v1.0/docs/reference/config/policy-and-telemetry/adapters/redisquota/
import type { Clock, Logger } from '@meltemi/base';

import { RedisCounters } from '../quota/redis-counters.ts';

import type { Handler } from './adapter.ts';
import { quotaHandler } from './quota-handler.ts';
import { type QuotaLimits, readQuota } from './quota-limits.ts';
import type { SpecReader } from './spec-reader.ts';

const DEDUPLICATION_MS = 1000;

/** `connectionPoolSize` has no effect: all calls share one connection, one behind the other. */
export function redisquota(spec: SpecReader, clock: Clock, logger: Logger): Handler {
  const quotas = spec.objects('quotas').map(readRedisQuota);
  const url = spec.text('redisServerUrl');
  if (url === '') spec.refuse('redisServerUrl', 'is required');
  if (quotas.length === 0) spec.refuse('quotas', 'is required');
  const counters = new RedisCounters(url, clock, logger);
  return quotaHandler({ quotas, counters, clock, deduplicationMs: DEDUPLICATION_MS });
}

function readRedisQuota(spec: SpecReader): QuotaLimits {
  const quota = readQuota(spec, ['FIXED_WINDOW', 'ROLLING_WINDOW']);
  const { lengthMs, algorithm, maxAmount, bucketMs } = quota.base;
  if (maxAmount === 0) spec.refuse('maxAmount', 'must be more than 0');
  if (lengthMs === 0) spec.refuse('validDuration', 'must be more than 0s');
  if (algorithm === 'ROLLING_WINDOW' && (bucketMs === undefined || bucketMs >= lengthMs)) {
    spec.refuse('bucketDuration', 'must be more than 0s and less than validDuration');
  }
  return quota;
}
