// Counts gRPC calls by cluster, service and method, and how many messages went either way.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/grpc_stats_filter
import { fromBinary } from '@bufbuild/protobuf';
import {
  type FilterConfig,
  FilterConfigSchema,
} from '@meltemi/api/envoy/extensions/filters/http/grpc_stats/v3/config_pb';
import type { StatsScope, StatsStore } from '@meltemi/telemetry';
import type { Headers } from '@meltemi/wire';
import { isGrpcRequest } from '../../grpc-answer.ts';
import type { HttpFilterType } from '../filter-type.ts';
import type { FilteredResponse, FilteredStream, HttpFilter, StreamFilter } from '../http-filter.ts';
import { GRPC_MESSAGES, MessageCounter } from './grpc-messages.ts';

export const GRPC_STATS_FILTER: HttpFilterType = {
  typeName: FilterConfigSchema.typeName,
  compile: (name, config, { stats }) => new GrpcStatsFilter(name, fromBinary(FilterConfigSchema, config), stats),
};

/** Methods counted each under its own name; those of clients that invent names come together. */
const METHODS_LIMIT = 1_000;

class GrpcStatsFilter implements HttpFilter {
  readonly name: string;
  readonly emitsState: boolean;
  readonly #stats: StatsStore;
  readonly #scopes = new Map<string, StatsScope>();
  readonly #known: ReadonlySet<string> | 'all' | 'none';
  readonly #seen = new Set<string>();

  constructor(name: string, config: FilterConfig, stats: StatsStore) {
    this.name = name;
    this.emitsState = config.emitFilterState;
    this.#stats = stats;
    this.#known = knownMethods(config);
  }

  open({ head }: FilteredStream): StreamFilter | undefined {
    return isGrpcRequest(head.headers) ? new GrpcCall(this) : undefined;
  }

  close(): void {
    for (const scope of this.#scopes.values()) scope.close();
  }

  /** Where the counters of a call are; their names begin with `prefixOf`. */
  scopeOf(cluster: string): StatsScope {
    const known = this.#scopes.get(cluster);
    if (known) return known;
    const scope = this.#stats.scope('cluster', { cluster_name: cluster });
    this.#scopes.set(cluster, scope);
    return scope;
  }

  /** `grpc.service.method.`, or `grpc.` where the method has no name of its own. */
  prefixOf(path: string): string {
    const [, service, method] = /^\/([^/?]+)\/([^/?]+)/.exec(path) ?? [];
    if (!service || !method) return 'grpc.';
    const name = `${service}.${method}`;
    const counts = this.#known === 'all' ? this.#mayCount(name) : this.#known !== 'none' && this.#known.has(name);
    return counts ? `grpc.${name}.` : 'grpc.';
  }

  #mayCount(name: string): boolean {
    if (this.#seen.has(name)) return true;
    if (this.#seen.size >= METHODS_LIMIT) return false;
    this.#seen.add(name);
    return true;
  }
}

function knownMethods({ perMethodStatSpecifier: specifier }: FilterConfig): ReadonlySet<string> | 'all' | 'none' {
  switch (specifier.case) {
    case 'individualMethodStatsAllowlist':
      return new Set(
        specifier.value.services.flatMap(({ name, methodNames }) => methodNames.map((method) => `${name}.${method}`)),
      );
    case 'statsForAllMethods':
      return specifier.value.value ? 'all' : 'none';
    default:
      return 'none';
  }
}

class GrpcCall implements StreamFilter {
  readonly #filter: GrpcStatsFilter;
  readonly #requests = new MessageCounter();
  readonly #responses = new MessageCounter();
  #status: string | undefined;

  constructor(filter: GrpcStatsFilter) {
    this.#filter = filter;
  }

  onRequestBody(chunk: Buffer): Buffer {
    this.#requests.add(chunk);
    return chunk;
  }

  onResponse({ headers }: FilteredResponse): void {
    this.#status = headers.get('grpc-status');
  }

  onResponseBody(chunk: Buffer): Buffer {
    this.#responses.add(chunk);
    return chunk;
  }

  onResponseEnd(trailers: Headers | undefined): Headers | undefined {
    this.#status = trailers?.get('grpc-status') ?? this.#status;
    return trailers;
  }

  onFinish({ entry }: FilteredStream): void {
    const request = this.#requests.count;
    const response = this.#responses.count;
    if (this.#filter.emitsState) entry.setFilterState(GRPC_MESSAGES, { request, response });
    const cluster = entry.upstreamCluster;
    if (cluster === undefined || cluster === '') return;
    const scope = this.#filter.scopeOf(cluster);
    const prefix = this.#filter.prefixOf(entry.path);
    scope.counter(`${prefix}total`).increment();
    scope.counter(`${prefix}${this.#status === '0' ? 'success' : 'failure'}`).increment();
    if (this.#status !== undefined && /^\d{1,2}$/.test(this.#status))
      scope.counter(`${prefix}${this.#status}`).increment();
    scope.counter(`${prefix}request_message_count`).add(request);
    scope.counter(`${prefix}response_message_count`).add(response);
  }
}
