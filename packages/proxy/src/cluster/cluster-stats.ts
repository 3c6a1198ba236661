// The cells that a cluster counts in, by Envoy's names, found once when the cluster is made.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/upstream/cluster_manager/cluster_stats
import type { Counter, Gauge, Histogram, StatsScope } from '@meltemi/telemetry';

/** Names as in Envoy without the prefix: `rqRetry` is `upstream_rq_retry`. Times in milliseconds. */
export interface ClusterStats {
  readonly cxTotal: Counter;
  readonly cxActive: Gauge;
  readonly cxHttp1Total: Counter;
  readonly cxHttp2Total: Counter;
  readonly cxConnectFail: Counter;
  readonly cxConnectTimeout: Counter;
  /** Connections for bytes that found no host within the attempts allowed. */
  readonly cxConnectAttemptsExceeded: Counter;
  readonly cxConnectMs: Histogram;
  readonly cxLengthMs: Histogram;
  readonly cxIdleTimeout: Counter;
  readonly cxMaxRequests: Counter;
  readonly cxNoneHealthy: Counter;
  readonly cxOverflow: Counter;
  readonly cxProtocolError: Counter;
  readonly cxDestroy: Counter;
  readonly cxDestroyLocal: Counter;
  readonly cxDestroyRemote: Counter;
  readonly cxDestroyWithActiveRq: Counter;
  readonly cxDestroyLocalWithActiveRq: Counter;
  readonly cxDestroyRemoteWithActiveRq: Counter;
  readonly cxRxBytesTotal: Counter;
  readonly cxTxBytesTotal: Counter;
  readonly rqTotal: Counter;
  readonly rqActive: Gauge;
  readonly rqCompleted: Counter;
  readonly rqPendingTotal: Counter;
  readonly rqPendingActive: Gauge;
  readonly rqPendingOverflow: Counter;
  readonly rqPendingFailureEject: Counter;
  readonly rqCancelled: Counter;
  readonly rqTimeout: Counter;
  readonly rqPerTryTimeout: Counter;
  readonly rqPerTryIdleTimeout: Counter;
  readonly rqMaxDurationReached: Counter;
  readonly rqRxReset: Counter;
  readonly rqTxReset: Counter;
  readonly rqTime: Histogram;
  /** Retries are the router's to count. */
  readonly rqRetry: Counter;
  readonly rqRetryBackoffExponential: Counter;
  readonly rqRetryBackoffRatelimited: Counter;
  readonly rqRetrySuccess: Counter;
  readonly rqRetryOverflow: Counter;
  readonly rqRetryLimitExceeded: Counter;
  readonly membershipTotal: Gauge;
  readonly membershipHealthy: Gauge;
  readonly membershipDegraded: Gauge;
  readonly membershipExcluded: Gauge;
  readonly membershipChange: Counter;
  readonly updateAttempt: Counter;
  readonly updateSuccess: Counter;
  readonly updateFailure: Counter;
  readonly updateEmpty: Counter;
  readonly lbHealthyPanic: Counter;
  readonly sslHandshake: Counter;
  readonly sslConnectionError: Counter;
  readonly sslFailVerify: Counter;
  readonly sslSessionReused: Counter;
  /** Choices among subsets. */
  readonly subsetsActive: Gauge;
  readonly subsetsSelected: Counter;
  readonly subsetsFallback: Counter;
  readonly subsetsFallbackPanic: Counter;
  readonly originalDstHostInvalid: Counter;
  /** Counts a response under its class and its code: `upstream_rq_2xx`, `upstream_rq_200`. */
  countStatus(status: number): void;
}

export function clusterStats(scope: StatsScope): ClusterStats {
  return {
    ...connectionStats(scope),
    ...requestStats(scope),
    ...membershipStats(scope),
    sslHandshake: scope.counter('ssl.handshake'),
    sslConnectionError: scope.counter('ssl.connection_error'),
    sslFailVerify: scope.counter('ssl.fail_verify_error'),
    sslSessionReused: scope.counter('ssl.session_reused'),
    subsetsActive: scope.gauge('lb_subsets_active'),
    subsetsSelected: scope.counter('lb_subsets_selected'),
    subsetsFallback: scope.counter('lb_subsets_fallback'),
    subsetsFallbackPanic: scope.counter('lb_subsets_fallback_panic'),
    originalDstHostInvalid: scope.counter('original_dst_host_invalid'),
    countStatus: upstreamStatusCounter(scope),
  };
}

function connectionStats(scope: StatsScope) {
  return {
    cxTotal: scope.counter('upstream_cx_total'),
    cxActive: scope.gauge('upstream_cx_active'),
    cxHttp1Total: scope.counter('upstream_cx_http1_total'),
    cxHttp2Total: scope.counter('upstream_cx_http2_total'),
    cxConnectFail: scope.counter('upstream_cx_connect_fail'),
    cxConnectTimeout: scope.counter('upstream_cx_connect_timeout'),
    cxConnectAttemptsExceeded: scope.counter('upstream_cx_connect_attempts_exceeded'),
    cxConnectMs: scope.histogram('upstream_cx_connect_ms'),
    cxLengthMs: scope.histogram('upstream_cx_length_ms'),
    cxIdleTimeout: scope.counter('upstream_cx_idle_timeout'),
    cxMaxRequests: scope.counter('upstream_cx_max_requests'),
    cxNoneHealthy: scope.counter('upstream_cx_none_healthy'),
    cxOverflow: scope.counter('upstream_cx_overflow'),
    cxProtocolError: scope.counter('upstream_cx_protocol_error'),
    cxDestroy: scope.counter('upstream_cx_destroy'),
    cxDestroyLocal: scope.counter('upstream_cx_destroy_local'),
    cxDestroyRemote: scope.counter('upstream_cx_destroy_remote'),
    cxDestroyWithActiveRq: scope.counter('upstream_cx_destroy_with_active_rq'),
    cxDestroyLocalWithActiveRq: scope.counter('upstream_cx_destroy_local_with_active_rq'),
    cxDestroyRemoteWithActiveRq: scope.counter('upstream_cx_destroy_remote_with_active_rq'),
    cxRxBytesTotal: scope.counter('upstream_cx_rx_bytes_total'),
    cxTxBytesTotal: scope.counter('upstream_cx_tx_bytes_total'),
  };
}

function requestStats(scope: StatsScope) {
  return {
    rqTotal: scope.counter('upstream_rq_total'),
    rqActive: scope.gauge('upstream_rq_active'),
    rqCompleted: scope.counter('upstream_rq_completed'),
    rqPendingTotal: scope.counter('upstream_rq_pending_total'),
    rqPendingActive: scope.gauge('upstream_rq_pending_active'),
    rqPendingOverflow: scope.counter('upstream_rq_pending_overflow'),
    rqPendingFailureEject: scope.counter('upstream_rq_pending_failure_eject'),
    rqCancelled: scope.counter('upstream_rq_cancelled'),
    rqTimeout: scope.counter('upstream_rq_timeout'),
    rqMaxDurationReached: scope.counter('upstream_rq_max_duration_reached'),
    rqPerTryTimeout: scope.counter('upstream_rq_per_try_timeout'),
    rqPerTryIdleTimeout: scope.counter('upstream_rq_per_try_idle_timeout'),
    rqRxReset: scope.counter('upstream_rq_rx_reset'),
    rqTxReset: scope.counter('upstream_rq_tx_reset'),
    rqTime: scope.histogram('upstream_rq_time'),
    rqRetry: scope.counter('upstream_rq_retry'),
    rqRetryBackoffExponential: scope.counter('upstream_rq_retry_backoff_exponential'),
    rqRetryBackoffRatelimited: scope.counter('upstream_rq_retry_backoff_ratelimited'),
    rqRetrySuccess: scope.counter('upstream_rq_retry_success'),
    rqRetryOverflow: scope.counter('upstream_rq_retry_overflow'),
    rqRetryLimitExceeded: scope.counter('upstream_rq_retry_limit_exceeded'),
  };
}

function membershipStats(scope: StatsScope) {
  return {
    membershipTotal: scope.gauge('membership_total'),
    membershipHealthy: scope.gauge('membership_healthy'),
    membershipDegraded: scope.gauge('membership_degraded'),
    membershipExcluded: scope.gauge('membership_excluded'),
    membershipChange: scope.counter('membership_change'),
    updateAttempt: scope.counter('update_attempt'),
    updateSuccess: scope.counter('update_success'),
    updateFailure: scope.counter('update_failure'),
    updateEmpty: scope.counter('update_empty'),
    lbHealthyPanic: scope.counter('lb_healthy_panic'),
  };
}

/** Cells by status, made at the first response that has it: the hot path is one array access. */
export function upstreamStatusCounter(scope: StatsScope): (status: number) => void {
  const cells: (readonly [Counter, Counter] | undefined)[] = [];
  return (status) => {
    const pair = (cells[status] ??= [
      scope.counter(`upstream_rq_${status}`),
      scope.counter(`upstream_rq_${Math.floor(status / 100)}xx`),
    ]);
    pair[0].increment();
    pair[1].increment();
  };
}
