// Answers health checks in the application's place, or lets them pass and remembers what it said.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/health_check_filter
import { fromBinary } from '@bufbuild/protobuf';
import {
  type HealthCheck,
  HealthCheckSchema,
} from '@meltemi/api/envoy/extensions/filters/http/health_check/v3/health_check_pb';
import { type Clock, durationToMs } from '@meltemi/base';
import { compileHeaderTest, type HeaderView } from '@meltemi/decide';
import type { Clusters } from '../../cluster/cluster.ts';
import type { StreamEntry } from '../stream-entry.ts';
import { FilterConfigError } from '../http-config-error.ts';
import { localAnswer } from '../own-answer.ts';
import type { HttpFilterParts, HttpFilterType } from './filter-type.ts';
import type { FilteredResponse, FilteredStream, FilterStep, HttpFilter, StreamFilter } from './http-filter.ts';

export const HEALTH_CHECK_FILTER: HttpFilterType = {
  typeName: HealthCheckSchema.typeName,
  compile: (name, config, parts) =>
    new HealthCheckFilter(name, settingsOf(fromBinary(HealthCheckSchema, config)), parts),
};

interface HealthCheckSettings {
  readonly passesThrough: boolean;
  /** 0: nothing is remembered. */
  readonly cacheMs: number;
  /** Percent of the hosts of a cluster, by its name. */
  readonly minimums: ReadonlyMap<string, number>;
  readonly headers: readonly ((headers: HeaderView) => boolean)[];
}

function settingsOf(config: HealthCheck): HealthCheckSettings {
  const { passThroughMode, cacheTime, clusterMinHealthyPercentages } = config;
  if (passThroughMode === undefined)
    throw new FilterConfigError('BAD_FILTER', 'health_check: pass_through_mode is missing');
  if (!passThroughMode && cacheTime) {
    throw new FilterConfigError('BAD_FILTER', 'health_check: cache_time is for pass_through_mode');
  }
  if (passThroughMode && Object.keys(clusterMinHealthyPercentages).length > 0) {
    throw new FilterConfigError(
      'BAD_FILTER',
      'health_check: cluster_min_healthy_percentages are not for pass_through_mode',
    );
  }
  return {
    passesThrough: passThroughMode,
    cacheMs: cacheTime ? durationToMs(cacheTime) : 0,
    minimums: new Map(Object.entries(clusterMinHealthyPercentages).map(([name, { value }]) => [name, value])),
    headers: config.headers.map(compileHeaderTest),
  };
}

interface Remembered {
  readonly status: number;
  readonly untilMs: number;
}

class HealthCheckFilter implements HttpFilter, StreamFilter {
  readonly name: string;
  readonly #settings: HealthCheckSettings;
  readonly #clock: Clock;
  readonly #clusters: Clusters;
  readonly #drain: HttpFilterParts['drain'];
  readonly #localCluster: string;
  #remembered: Remembered | undefined;

  constructor(name: string, settings: HealthCheckSettings, { clock, clusters, drain, node }: HttpFilterParts) {
    this.name = name;
    this.#settings = settings;
    this.#clock = clock;
    this.#clusters = clusters;
    this.#drain = drain;
    this.#localCluster = node?.cluster ?? '';
  }

  open({ entry }: FilteredStream): StreamFilter | undefined {
    const { headers } = this.#settings;
    return headers.every((holds) => holds(withPseudoFields(entry))) ? this : undefined;
  }

  onRequest(stream: FilteredStream): FilterStep {
    stream.entry.healthCheck = true;
    const status = this.#ownStatus();
    if (status === undefined) return 'next';
    stream.answer(
      localAnswer({ status, body: '', flag: 'LH', details: this.#failing ? 'health_check_failed' : 'health_check_ok' }),
    );
    return 'answered';
  }

  onResponse({ status, headers, fromUpstream }: FilteredResponse): void {
    if (this.#localCluster !== '') headers.set('x-envoy-upstream-healthchecked-cluster', this.#localCluster);
    const { passesThrough, cacheMs } = this.#settings;
    if (passesThrough && cacheMs > 0 && fromUpstream) {
      this.#remembered = { status, untilMs: this.#clock.monotonic() + cacheMs };
    }
    if (!fromUpstream && this.#failing) headers.set('x-envoy-immediate-health-check-fail', 'true');
  }

  get #failing(): boolean {
    return this.#drain?.healthFailed ?? false;
  }

  /** Undefined: the application is asked. */
  #ownStatus(): number | undefined {
    if (this.#failing) return 503;
    const { passesThrough, minimums } = this.#settings;
    if (!passesThrough) return [...minimums].every(([name, percent]) => this.#isHealthy(name, percent)) ? 200 : 503;
    const remembered = this.#remembered;
    return remembered && remembered.untilMs > this.#clock.monotonic() ? remembered.status : undefined;
  }

  /** A cluster that isn't there is not healthy. */
  #isHealthy(name: string, percent: number): boolean {
    const stats = this.#clusters.get(name)?.stats;
    if (!stats) return false;
    const total = stats.membershipTotal.value;
    if (total === 0) return percent === 0;
    return (100 * stats.membershipHealthy.value) / total >= percent;
  }
}

/** Matchers name the method and path as `:method` and `:path`. */
function withPseudoFields(entry: StreamEntry): HeaderView {
  const value = (name: string) => (name.startsWith(':') ? entry.requestHeader(name) : undefined);
  return {
    get: (name) => value(name) ?? entry.headers.get(name),
    has: (name) => value(name) !== undefined || entry.headers.has(name),
    getAll: (name) => (name.startsWith(':') ? [value(name) ?? ''] : entry.headers.getAll(name)),
  };
}
