// The adapter that keeps quotas in memory.
import type { Clock } from '@meltemi/base';

import { MemoryCounters } from '../quota/quota-counters.ts';

import type { Handler } from './adapter.ts';
import { quotaHandler } from './quota-handler.ts';
import { readQuota } from './quota-limits.ts';
import type { SpecReader } from './spec-reader.ts';

export function memquota(spec: SpecReader, clock: Clock): Handler {
  const quotas = spec.objects('quotas').map((quota) => readQuota(quota, ['ROLLING_WINDOW', 'FIXED_WINDOW']));
  const deduplicationMs = spec.durationMs('minDeduplicationDuration', 1000);
  return quotaHandler({ quotas, counters: new MemoryCounters(clock), clock, deduplicationMs });
}
