// Finds the counters of a listener once, by Envoy's names.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/stats
import type { Counter, Gauge, StatsScope, StatsStore } from '@meltemi/telemetry';
import { type HandshakeStats, handshakeStats } from '../tls/handshake-stats.ts';

export interface ListenerStats {
  readonly cxTotal: Counter;
  readonly cxActive: Gauge;
  /** This worker's part of them. */
  readonly workerCxTotal: Counter;
  readonly workerCxActive: Gauge;
  readonly cxDestroy: Counter;
  readonly cxOverloadReject: Counter;
  readonly globalCxOverflow: Counter;
  readonly preCxActive: Gauge;
  readonly preCxTimeout: Counter;
  readonly handshakeTimeout: Counter;
  readonly filterError: Counter;
  readonly filterRemoteClose: Counter;
  readonly noFilterChainMatch: Counter;
  /** Closed for want of a filter's configuration: of a listener filter, of a network filter. */
  readonly configMissing: Counter;
  readonly networkConfigMissing: Counter;
  readonly ssl: HandshakeStats;
  close(): void;
}

/** `address` as in `0.0.0.0_80`; `worker` from 0 on. */
export function listenerStats(stats: StatsStore, address: string, worker = 0): ListenerStats {
  const scope: StatsScope = stats.scope('listener', { listener_address: address });
  return {
    cxTotal: scope.counter('downstream_cx_total'),
    cxActive: scope.gauge('downstream_cx_active'),
    workerCxTotal: scope.counter(`worker_${worker}.downstream_cx_total`),
    workerCxActive: scope.gauge(`worker_${worker}.downstream_cx_active`),
    cxDestroy: scope.counter('downstream_cx_destroy'),
    cxOverloadReject: scope.counter('downstream_cx_overload_reject'),
    globalCxOverflow: scope.counter('downstream_global_cx_overflow'),
    preCxActive: scope.gauge('downstream_pre_cx_active'),
    preCxTimeout: scope.counter('downstream_pre_cx_timeout'),
    handshakeTimeout: scope.counter('downstream_cx_transport_socket_connect_timeout'),
    filterError: scope.counter('downstream_listener_filter_error'),
    filterRemoteClose: scope.counter('downstream_listener_filter_remote_close'),
    noFilterChainMatch: scope.counter('no_filter_chain_match'),
    configMissing: scope.counter('extension_config_missing'),
    networkConfigMissing: scope.counter('network_extension_config_missing'),
    ssl: handshakeStats(scope),
    close: () => scope.close(),
  };
}
