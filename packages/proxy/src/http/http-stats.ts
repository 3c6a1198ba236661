// Finds the counters of a connection manager once, by Envoy's names.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/stats
import type { Counter, Gauge, Histogram, StatsScope, StatsStore } from '@meltemi/telemetry';

export interface HttpStats {
  readonly cxTotal: Counter;
  readonly cxActive: Gauge;
  readonly cxSsl: Counter;
  readonly cxHttp1: Counter;
  readonly cxHttp2: Counter;
  readonly cxDestroyRemoteActive: Counter;
  readonly cxIdleTimeout: Counter;
  readonly cxProtocolError: Counter;
  readonly rqTotal: Counter;
  readonly rqActive: Gauge;
  readonly rqHttp1: Counter;
  readonly rqHttp2: Counter;
  readonly rqCompleted: Counter;
  /** 1xx to 5xx: index 0 to 4. */
  readonly rqByClass: readonly Counter[];
  readonly rqTime: Histogram;
  readonly rqRxReset: Counter;
  readonly rqIdleTimeout: Counter;
  readonly rqTimeout: Counter;
  readonly rqHeaderTimeout: Counter;
  readonly rqOverloadClose: Counter;
  readonly noRoute: Counter;
  readonly noCluster: Counter;
  readonly redirect: Counter;
  readonly direct: Counter;
  close(): void;
}

interface AnsweredEntry {
  /** 0: none. */
  readonly responseCode: number;
  readonly durationMs: number;
}

export function httpStats(stats: StatsStore, prefix: string): HttpStats {
  const scope = stats.scope('http', { http_conn_manager_prefix: prefix });
  return {
    ...connectionStats(scope),
    ...requestStats(scope),
    noRoute: scope.counter('no_route'),
    noCluster: scope.counter('no_cluster'),
    redirect: scope.counter('rq_redirect'),
    direct: scope.counter('rq_direct_response'),
    close: () => scope.close(),
  };
}

/** One request got its answer, or lost its client. */
export function countAnswered(stats: HttpStats, { responseCode, durationMs }: AnsweredEntry): void {
  stats.rqActive.decrement();
  stats.rqCompleted.increment();
  stats.rqByClass[Math.floor(responseCode / 100) - 1]?.increment();
  stats.rqTime.record(durationMs);
}

function connectionStats(scope: StatsScope) {
  return {
    cxTotal: scope.counter('downstream_cx_total'),
    cxActive: scope.gauge('downstream_cx_active'),
    cxSsl: scope.counter('downstream_cx_ssl_total'),
    cxHttp1: scope.counter('downstream_cx_http1_total'),
    cxHttp2: scope.counter('downstream_cx_http2_total'),
    cxDestroyRemoteActive: scope.counter('downstream_cx_destroy_remote_active_rq'),
    cxIdleTimeout: scope.counter('downstream_cx_idle_timeout'),
    cxProtocolError: scope.counter('downstream_cx_protocol_error'),
  };
}

function requestStats(scope: StatsScope) {
  return {
    rqTotal: scope.counter('downstream_rq_total'),
    rqActive: scope.gauge('downstream_rq_active'),
    rqHttp1: scope.counter('downstream_rq_http1_total'),
    rqHttp2: scope.counter('downstream_rq_http2_total'),
    rqCompleted: scope.counter('downstream_rq_completed'),
    rqByClass: [1, 2, 3, 4, 5].map((digit) => scope.counter(`downstream_rq_${digit}xx`)),
    rqTime: scope.histogram('downstream_rq_time'),
    rqRxReset: scope.counter('downstream_rq_rx_reset'),
    rqIdleTimeout: scope.counter('downstream_rq_idle_timeout'),
    rqTimeout: scope.counter('downstream_rq_timeout'),
    rqHeaderTimeout: scope.counter('downstream_rq_header_timeout'),
    rqOverloadClose: scope.counter('downstream_rq_overload_close'),
  };
}
