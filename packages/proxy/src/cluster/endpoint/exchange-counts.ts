// Counts how one exchange went in the stats of its cluster and its host, and in the host's record.
import type { GiveUpCause } from '../cluster.ts';
import type { Headers } from '@meltemi/wire';
import { FAILS_NOW } from '../health/check-state.ts';
import type { PoolContext } from './pool-context.ts';

/** A response's head came. */
export function countResponse(context: PoolContext, status: number, headers: Headers): void {
  const { stats, counters } = context;
  stats.countStatus(status);
  stats.rqCompleted.increment();
  if (status < 500) counters.requestsSuccess++;
  else counters.requestsError++;
  context.record(status);
  if (context.checksHealth && headers.has(FAILS_NOW)) context.failNow();
}

/** The host failed before the response was complete. */
export function countFailure(context: PoolContext): void {
  context.record('local-failure');
  context.counters.requestsError++;
}

const TIMEOUTS = {
  timeout: 'rqTimeout',
  'per-try-timeout': 'rqPerTryTimeout',
  'per-try-idle-timeout': 'rqPerTryIdleTimeout',
} as const;

/** We gave it up; a timeout is the host's fault. */
export function countGivenUp(context: PoolContext, cause: GiveUpCause): void {
  if (cause === 'cancelled') return;
  const { stats, counters } = context;
  counters.requestsTimeout++;
  stats[TIMEOUTS[cause]].increment();
  context.record('timeout');
}
