// Finds the counters of a listener once, by Envoy's names.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/stats
import type { Counter, Gauge, StatsStore } from '@meltemi/telemetry';

export interface ListenerStats {
  readonly cxTotal: Counter;
  readonly cxActive: Gauge;
  readonly cxDestroy: Counter;
  readonly preCxTimeout: Counter;
  readonly noFilterChainMatch: Counter;
  readonly handshake: Counter;
  readonly connectionError: Counter;
  readonly failVerify: Counter;
  close(): void;
}

/** `address` as in `0.0.0.0_80`. */
export function listenerStats(stats: StatsStore, address: string): ListenerStats {
  const scope = stats.scope('listener', { listener_address: address });
  return {
    cxTotal: scope.counter('downstream_cx_total'),
    cxActive: scope.gauge('downstream_cx_active'),
    cxDestroy: scope.counter('downstream_cx_destroy'),
    preCxTimeout: scope.counter('downstream_pre_cx_timeout'),
    noFilterChainMatch: scope.counter('no_filter_chain_match'),
    handshake: scope.counter('ssl.handshake'),
    connectionError: scope.counter('ssl.connection_error'),
    failVerify: scope.counter('ssl.fail_verify_error'),
    close: () => scope.close(),
  };
}
