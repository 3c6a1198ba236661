// Finds the counters of virtual clusters and of routes that have some, by Envoy's names, when the first request of each comes.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#statistics
import type { Counter, Histogram, StatsScope, StatsStore } from '@meltemi/telemetry';
import { upstreamStatusCounter } from '../cluster/cluster-stats.ts';

type Count = Pick<Counter, 'increment'>;
type Times = Pick<Histogram, 'record'>;

export interface VirtualClusterCounts {
  readonly total: Count;
  readonly timeout: Count;
  readonly retry: Count;
  readonly retrySuccess: Count;
  readonly retryOverflow: Count;
  readonly retryLimitExceeded: Count;
  /** Milliseconds from the end of the request to the end of the response. */
  readonly time: Times;
  /** Counts an answer as completed, by its class and by its code. */
  countStatus(status: number): void;
}

/** Whose requests are counted; at least one of both. */
export interface CountedRequest {
  readonly virtualHost: string;
  /** Undefined: its virtual host has no virtual clusters. */
  readonly virtualCluster: { readonly name: string | undefined } | undefined;
  /** The route's `stat_prefix`. */
  readonly route: string | undefined;
}

/** What requests of a virtual host with virtual clusters count as that are of none. */
const OTHER = 'other';

/** Of one connection manager. */
export class VirtualClusterStats {
  readonly #stats: StatsStore;
  readonly #scopes: StatsScope[] = [];
  /** By virtual host, then by virtual cluster and route. */
  readonly #counts = new Map<string, Map<string, VirtualClusterCounts>>();

  constructor(stats: StatsStore) {
    this.#stats = stats;
  }

  countsOf({ virtualHost, virtualCluster, route }: CountedRequest): VirtualClusterCounts {
    const byCluster = virtualCluster && this.#counted(virtualHost, 'vcluster', virtualCluster.name ?? OTHER);
    const byRoute = route === undefined ? undefined : this.#counted(virtualHost, 'route', route);
    return byCluster && byRoute ? both(byCluster, byRoute) : (byCluster ?? byRoute)!;
  }

  #counted(virtualHost: string, kind: 'vcluster' | 'route', name: string): VirtualClusterCounts {
    const ofHost = this.#counts.get(virtualHost) ?? new Map<string, VirtualClusterCounts>();
    this.#counts.set(virtualHost, ofHost);
    const known = ofHost.get(`${kind}.${name}`);
    if (known) return known;
    const scope = this.#stats.scope('vhost', { virtual_host: virtualHost });
    this.#scopes.push(scope);
    const counts = countsIn(scope.scope(kind, kind === 'route' ? { route: name } : { virtual_cluster: name }));
    ofHost.set(`${kind}.${name}`, counts);
    return counts;
  }

  /** Gives the counters up. */
  close(): void {
    for (const scope of this.#scopes) scope.close();
    this.#scopes.length = 0;
    this.#counts.clear();
  }
}

function countsIn(scope: StatsScope): VirtualClusterCounts {
  const completed = scope.counter('upstream_rq_completed');
  const countStatus = upstreamStatusCounter(scope);
  return {
    total: scope.counter('upstream_rq_total'),
    timeout: scope.counter('upstream_rq_timeout'),
    retry: scope.counter('upstream_rq_retry'),
    retrySuccess: scope.counter('upstream_rq_retry_success'),
    retryOverflow: scope.counter('upstream_rq_retry_overflow'),
    retryLimitExceeded: scope.counter('upstream_rq_retry_limit_exceeded'),
    time: scope.histogram('upstream_rq_time'),
    countStatus(status) {
      completed.increment();
      countStatus(status);
    },
  };
}

function both(one: VirtualClusterCounts, other: VirtualClusterCounts): VirtualClusterCounts {
  return {
    total: eachCount(one.total, other.total),
    timeout: eachCount(one.timeout, other.timeout),
    retry: eachCount(one.retry, other.retry),
    retrySuccess: eachCount(one.retrySuccess, other.retrySuccess),
    retryOverflow: eachCount(one.retryOverflow, other.retryOverflow),
    retryLimitExceeded: eachCount(one.retryLimitExceeded, other.retryLimitExceeded),
    time: {
      record(value) {
        one.time.record(value);
        other.time.record(value);
      },
    },
    countStatus(status) {
      one.countStatus(status);
      other.countStatus(status);
    },
  };
}

function eachCount(one: Count, other: Count): Count {
  return {
    increment() {
      one.increment();
      other.increment();
    },
  };
}
