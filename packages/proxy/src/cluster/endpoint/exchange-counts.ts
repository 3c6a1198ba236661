// Counts how one exchange went in the stats of its cluster and its host, and in the host's record.
import type { PoolContext } from './pool-context.ts';

/** A response's head came. */
export function countResponse(context: PoolContext, status: number): void {
  const { stats, counters } = context;
  stats.countStatus(status);
  stats.rqCompleted.increment();
  if (status < 500) counters.requestsSuccess++;
  else counters.requestsError++;
  context.record(status);
}

/** The host failed before the response was complete. */
export function countFailure(context: PoolContext): void {
  context.record('local-failure');
  context.counters.requestsError++;
}

/** We gave it up; a timeout is the host's fault. */
export function countGivenUp(context: PoolContext, cause: 'cancelled' | 'timeout' | 'per-try-timeout'): void {
  if (cause === 'cancelled') return;
  const { stats, counters } = context;
  counters.requestsTimeout++;
  (cause === 'timeout' ? stats.rqTimeout : stats.rqPerTryTimeout).increment();
  context.record('timeout');
}
