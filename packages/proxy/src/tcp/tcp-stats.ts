// Finds the counters of a tcp_proxy filter once, by Envoy's names; `downstream_cx_active` is ours.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/network_filters/tcp_proxy_filter#statistics
import type { Counter, Gauge, StatsStore } from '@meltemi/telemetry';

export interface TcpStats {
  readonly cxTotal: Counter;
  readonly cxActive: Gauge;
  readonly noRoute: Counter;
  readonly rxBytes: Counter;
  readonly txBytes: Counter;
  readonly readsPaused: Counter;
  readonly readsResumed: Counter;
  readonly idleTimeout: Counter;
  readonly maxDuration: Counter;
  close(): void;
}

export function tcpStats(stats: StatsStore, prefix: string): TcpStats {
  const scope = stats.scope('tcp', { tcp_prefix: prefix });
  return {
    cxTotal: scope.counter('downstream_cx_total'),
    cxActive: scope.gauge('downstream_cx_active'),
    noRoute: scope.counter('downstream_cx_no_route'),
    rxBytes: scope.counter('downstream_cx_rx_bytes_total'),
    txBytes: scope.counter('downstream_cx_tx_bytes_total'),
    readsPaused: scope.counter('downstream_flow_control_paused_reading_total'),
    readsResumed: scope.counter('downstream_flow_control_resumed_reading_total'),
    idleTimeout: scope.counter('idle_timeout'),
    maxDuration: scope.counter('max_downstream_connection_duration'),
    close: () => scope.close(),
  };
}
