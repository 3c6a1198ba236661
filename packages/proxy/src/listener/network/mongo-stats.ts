// Finds the counters of a mongo_proxy filter once, by Envoy's names.
import type { Counter, Gauge, StatsStore } from '@meltemi/telemetry';

export interface MongoStats {
  /** By operation, of clients and of servers. */
  readonly asked: ReadonlyMap<number, Counter>;
  readonly answered: ReadonlyMap<number, Counter>;
  readonly decodingError: Counter;
  readonly queryActive: Gauge;
  readonly tailable: Counter;
  readonly noTimeout: Counter;
  readonly awaitData: Counter;
  readonly exhaust: Counter;
  readonly cursorNotFound: Counter;
  readonly queryFailure: Counter;
  readonly validCursor: Counter;
  close(): void;
}

export function mongoStats(stats: StatsStore, prefix: string): MongoStats {
  const scope = stats.scope('mongo', { mongo_prefix: prefix });
  return {
    asked: new Map([
      [2002, scope.counter('op_insert')],
      [2004, scope.counter('op_query')],
      [2005, scope.counter('op_get_more')],
      [2007, scope.counter('op_kill_cursors')],
      [2010, scope.counter('op_command')],
    ]),
    answered: new Map([
      [1, scope.counter('op_reply')],
      [2011, scope.counter('op_command_reply')],
    ]),
    decodingError: scope.counter('decoding_error'),
    queryActive: scope.gauge('op_query_active'),
    tailable: scope.counter('op_query_tailable_cursor'),
    noTimeout: scope.counter('op_query_no_cursor_timeout'),
    awaitData: scope.counter('op_query_await_data'),
    exhaust: scope.counter('op_query_exhaust'),
    cursorNotFound: scope.counter('op_reply_cursor_not_found'),
    queryFailure: scope.counter('op_reply_query_failure'),
    validCursor: scope.counter('op_reply_valid_cursor'),
    close: () => scope.close(),
  };
}
