// Closes connections above a number of open ones, after a delay where one is wanted.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/network_filters/connection_limit_filter
import type { ConnectionLimit } from '@meltemi/api/envoy/extensions/filters/network/connection_limit/v3/connection_limit_pb';
import { durationToMs } from '@meltemi/base';
import type { ListenerParts } from '../listener-parts.ts';
import { type ConnectionFilter, denied } from './connection-filter.ts';

export function connectionLimit(config: ConnectionLimit, { stats, counters }: ListenerParts): ConnectionFilter {
  const limit = Number(config.maxConnections ?? 0);
  const delayMs = config.delay ? durationToMs(config.delay) : 0;
  const enabled = config.runtimeEnabled?.defaultValue ?? true;
  const scope = stats.scope('connection_limit').scope(config.statPrefix);
  const limited = scope.counter('limited_connections');
  const active = scope.gauge('active_connections');
  /** Of all workers. */
  const open = counters.cell(`connection_limit/${config.statPrefix}`);
  return {
    admit() {
      if (open.add(1) > limit && enabled) {
        open.add(-1);
        limited.increment();
        return denied('connection_limit', delayMs);
      }
      active.increment();
      return undefined;
    },
    released() {
      open.add(-1);
      active.decrement();
    },
    close() {
      open.close();
      scope.close();
    },
  };
}
