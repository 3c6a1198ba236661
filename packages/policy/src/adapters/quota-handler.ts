// Limits and counters → a handler of quotas: one count for each quota and combination of dimensions.
import type { Clock } from '@meltemi/base';

import { ExpiringCache } from '../quota/expiring-cache.ts';
import type { QuotaCounters } from '../quota/quota-counters.ts';
import { formatValue } from '../values/format-value.ts';

import type { Handler, Quota, QuotaArgs, QuotaResult } from './adapter.ts';
import { limitOf, type QuotaLimits } from './quota-limits.ts';

export interface QuotaHandlerOptions {
  readonly quotas: readonly QuotaLimits[];
  readonly counters: QuotaCounters;
  readonly clock: Clock;
  /** How long a request that comes again gets the answer that it got. */
  readonly deduplicationMs: number;
}

type Answer = QuotaResult | Promise<QuotaResult>;

export function quotaHandler({ quotas, counters, clock, deduplicationMs }: QuotaHandlerOptions): Handler {
  const answers = new ExpiringCache<Answer>(deduplicationMs);
  const take = (instance: Quota, { amount, bestEffort }: QuotaArgs): Answer => {
    const quota = quotas.find(({ name }) => isNamed(instance.name, name));
    if (!quota) return { granted: 0, validDurationMs: 0 };
    const dimensions = new Map([...instance.dimensions].map(([name, value]) => [name, formatValue(value)] as const));
    const limit = limitOf(quota, dimensions);
    const key = JSON.stringify([quota.name, ...[...dimensions].sort(([a], [b]) => (a < b ? -1 : 1))]);
    const taken = counters.take(key, limit, Math.max(0, Math.trunc(amount)), bestEffort);
    const result = (granted: number): QuotaResult => ({ granted, validDurationMs: limit.lengthMs });
    return taken instanceof Promise ? taken.then((late) => result(late.granted)) : result(taken.granted);
  };
  return {
    templates: ['quota'],
    quota: (instance, args) => {
      if (args.deduplicationId === '') return take(instance, args);
      const key = `${args.deduplicationId}\0${instance.name}`;
      return answers.get(key, clock.monotonic(), false, () => take(instance, args));
    },
    close: () => counters.close(),
  };
}

/** `requestcount.quota.istio-system` is also named `requestcount`. */
function isNamed(instance: string, name: string): boolean {
  return instance === name || instance.startsWith(`${name}.`);
}
