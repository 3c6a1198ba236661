// Injects the faults of a decision: the delay first, then the abort or a slow response, as the limit of active faults allows.
import { fromBinary } from '@bufbuild/protobuf';
import { HTTPFaultSchema } from '@meltemi/api/envoy/extensions/filters/http/fault/v3/fault_pb';
import type { Clock, Timer } from '@meltemi/base';
import type { FaultAbort, FaultDecision } from '@meltemi/decide';
import type { Counter, Gauge, StatsScope } from '@meltemi/telemetry';
import type { Headers } from '@meltemi/wire';
import { FAULT_ABORT } from '../local-reply.ts';
import { grpcAbortAnswer, localAnswer } from '../own-answer.ts';
import type { HttpFilterType } from './filter-type.ts';
import type { FilteredResponse, FilteredStream, FilterStep, HttpFilter, StreamFilter } from './http-filter.ts';
import { SlowedResponse } from './slowed-response.ts';

export const FAULT_FILTER: HttpFilterType = {
  typeName: HTTPFaultSchema.typeName,
  compile(name, config, { stats, statPrefix, clock }) {
    fromBinary(HTTPFaultSchema, config);
    return new FaultFilter(name, stats.scope('http', { http_conn_manager_prefix: statPrefix }), clock);
  },
  // `decide` reads what routes say.
  readRouteConfig: () => undefined,
};

interface FaultStats {
  readonly delays: Counter;
  readonly aborts: Counter;
  readonly active: Gauge;
  readonly overflow: Counter;
  readonly slowed: Counter;
}

/** Of those that clients say they are of, so many have counters. */
const MAX_CLIENT_CLUSTERS = 1000;

class FaultFilter implements HttpFilter {
  readonly name: string;
  readonly clock: Clock;
  readonly stats: FaultStats;
  readonly #scope: StatsScope;
  readonly #clientClusters = new Set<string>();

  constructor(name: string, scope: StatsScope, clock: Clock) {
    this.name = name;
    this.clock = clock;
    this.#scope = scope;
    this.stats = {
      delays: scope.counter('fault.delays_injected'),
      aborts: scope.counter('fault.aborts_injected'),
      active: scope.gauge('fault.active_faults'),
      overflow: scope.counter('fault.faults_overflow'),
      slowed: scope.counter('fault.response_rl_injected'),
    };
  }

  open(): StreamFilter {
    return new InjectedFault(this);
  }

  /** Also under the cluster that the client says it is of. */
  count(kind: 'delays' | 'aborts', clientCluster: string): void {
    this.stats[kind].increment();
    if (clientCluster === '' || !this.#mayCount(clientCluster)) return;
    this.#scope.counter(`fault.${clientCluster}.${kind}_injected`).increment();
  }

  #mayCount(clientCluster: string): boolean {
    if (this.#clientClusters.has(clientCluster)) return true;
    if (this.#clientClusters.size >= MAX_CLIENT_CLUSTERS) return false;
    this.#clientClusters.add(clientCluster);
    return true;
  }

  close(): void {
    this.#scope.close();
  }
}

class InjectedFault implements StreamFilter {
  readonly #filter: FaultFilter;
  #delay: Timer | undefined;
  #active = false;
  #clientCluster = '';
  #rateKib: number | undefined;
  #slowed: SlowedResponse | undefined;

  constructor(filter: FaultFilter) {
    this.#filter = filter;
  }

  onRequest(stream: FilteredStream): FilterStep {
    const decision = stream.decision();
    const fault = decision.kind === 'not-found' ? undefined : decision.fault;
    if (!fault || !this.#enter(fault)) return 'next';
    if (!fault.ignoresClientCluster)
      this.#clientCluster = stream.head.headers.get('x-envoy-downstream-service-cluster') ?? '';
    this.#rateKib = fault.rateKib;
    if (fault.delayMs <= 0) return this.#abort(fault.abort, stream);
    this.#filter.count('delays', this.#clientCluster);
    stream.entry.addFlag('DI');
    this.#delay = this.#filter.clock.after(fault.delayMs, () => {
      this.#delay = undefined;
      if (this.#abort(fault.abort, stream) === 'next') stream.resumeRequest(this);
    });
    return 'wait';
  }

  onResponse({ fromUpstream }: FilteredResponse, stream: FilteredStream): void {
    if (this.#rateKib === undefined || !fromUpstream) return;
    this.#filter.stats.slowed.increment();
    this.#slowed = new SlowedResponse(stream, this, this.#filter.clock, this.#rateKib * 1024);
  }

  onResponseBody(chunk: Buffer): Buffer | undefined {
    if (!this.#slowed) return chunk;
    this.#slowed.add(chunk);
    return undefined;
  }

  onResponseEnd(trailers: Headers | undefined): Headers | undefined | 'held' {
    return this.#slowed?.holdEnd(trailers) ? 'held' : trailers;
  }

  onFinish(): void {
    this.#slowed?.close();
    this.#delay?.cancel();
    this.#delay = undefined;
    if (this.#active) this.#filter.stats.active.decrement();
    this.#active = false;
  }

  /** False: as many faults as allowed are active. */
  #enter(fault: FaultDecision): boolean {
    const { stats } = this.#filter;
    if (fault.maxActive !== undefined && stats.active.value >= fault.maxActive) {
      stats.overflow.increment();
      return false;
    }
    stats.active.increment();
    this.#active = true;
    return true;
  }

  #abort(abort: FaultAbort | undefined, stream: FilteredStream): FilterStep {
    if (!abort) return 'next';
    this.#filter.count('aborts', this.#clientCluster);
    stream.answer(
      abort.grpcStatus === undefined
        ? localAnswer({ ...FAULT_ABORT, status: abort.status })
        : grpcAbortAnswer(abort.status, abort.grpcStatus),
    );
    return 'answered';
  }
}
