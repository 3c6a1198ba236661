// Counts a request, when it is over, in the metrics of Istio: how many, how long, how large, and between whom.
import type { Labels } from '@meltemi/base';
import type { CertificateFacts, Counter, Histogram, StatsStore } from '@meltemi/telemetry';
import type { Clusters } from '../../cluster/cluster.ts';
import type { GrpcMessageCount } from '../../http/filter/grpc-stats/grpc-messages.ts';
import type { StreamEntry } from '../../http/stream-entry.ts';
import { GRPC_MESSAGES } from '../../http/filter/grpc-stats/grpc-messages.ts';
import { isGrpcRequest } from '../../http/grpc-answer.ts';
import { DOWNSTREAM_PEER, UPSTREAM_PEER } from '../peer-state.ts';
import { NO_WORKLOAD, type Workload, workloadOfEndpoint } from '../workload.ts';
import { type Ends, endLabels, type Outcome, outcomeLabels, type Reporter, serviceOf } from './labels.ts';
import type { MetricName } from './metric-names.ts';
import { SeriesCells, SeriesTable } from './series.ts';
import { seriesBudgetOf } from './series-budget.ts';
import { type IstioStatsSettings, rulesOf } from './stats-settings.ts';

export interface RequestMetricsOptions {
  readonly stats: StatsStore;
  readonly clusters: Clusters;
  readonly settings: IstioStatsSettings;
  readonly reporter: Reporter;
  /** Of this sidecar. */
  readonly own: Workload;
}

interface Cells {
  readonly total: Counter | undefined;
  readonly duration: Histogram | undefined;
  readonly requestBytes: Histogram | undefined;
  readonly responseBytes: Histogram | undefined;
}

export class RequestMetrics {
  readonly #options: RequestMetricsOptions;
  readonly #cells: SeriesCells;
  readonly #series: SeriesTable<Cells>;
  readonly #messages: SeriesTable<readonly [Counter, Counter]>;
  readonly #tagged: readonly (readonly [MetricName, string, (entry: StreamEntry) => string])[];
  readonly #peerIds = new WeakMap<Workload, number>();
  #nextPeerId = 1;
  #entry: StreamEntry | undefined;

  constructor(options: RequestMetricsOptions) {
    this.#options = options;
    this.#cells = new SeriesCells(options.stats);
    const budget = seriesBudgetOf(options.stats);
    this.#series = new SeriesTable((labels) => this.#make(labels), budget);
    this.#messages = new SeriesTable(
      (labels) => [
        this.#cells.counter('request_messages_total', labels),
        this.#cells.counter('response_messages_total', labels),
      ],
      budget,
    );
    this.#tagged = [...options.settings.metrics].flatMap(([metric, { tags }]) =>
      [...tags].map(([tag, value]) => [metric, tag, value] as const),
    );
  }

  record(entry: StreamEntry): void {
    const peer = this.#peerOf(entry);
    const outcome = outcomeOf(entry, this.#options.reporter);
    this.#entry = entry;
    const key = this.#keyOf(entry, peer, outcome);
    const labels = () => ({
      ...endLabels(this.#options.reporter, this.#endsOf(entry, peer)),
      ...outcomeLabels(outcome),
    });
    const cells = this.#series.get(key, labels);
    cells.total?.increment();
    cells.duration?.record(entry.durationMs);
    cells.requestBytes?.record(entry.bytesReceived);
    cells.responseBytes?.record(entry.bytesSent);
    if (outcome.protocol === 'grpc') this.#countMessages(key, labels, entry);
  }

  close(): void {
    this.#series.close();
    this.#messages.close();
    this.#cells.close();
  }

  #countMessages(key: string, labels: () => Labels, entry: StreamEntry): void {
    const count = entry.filterState?.get(GRPC_MESSAGES) as GrpcMessageCount | undefined;
    if (!count) return;
    const [requests, responses] = this.#messages.get(key, labels);
    requests.add(count.request);
    responses.add(count.response);
  }

  #make(labels: Labels): Cells {
    const kept = (metric: MetricName) => !rulesOf(this.#options.settings, metric).dropped;
    const shaped = (metric: MetricName) => this.#shaped(metric, labels);
    const histogram = (metric: MetricName) =>
      kept(metric) ? this.#cells.histogram(metric, shaped(metric)) : undefined;
    return {
      total: kept('requests_total') ? this.#cells.counter('requests_total', shaped('requests_total')) : undefined,
      duration: histogram('request_duration_milliseconds'),
      requestBytes: histogram('request_bytes'),
      responseBytes: histogram('response_bytes'),
    };
  }

  /** The labels as the configuration wants them of one metric, for the request that is being counted. */
  #shaped(metric: MetricName, labels: Labels): Labels {
    const { tags, removed } = rulesOf(this.#options.settings, metric);
    if (tags.size === 0 && removed.length === 0) return labels;
    const shaped: Record<string, string> = { ...labels };
    for (const [tag, value] of tags) shaped[tag] = value(this.#entry!);
    for (const tag of removed) delete shaped[tag];
    return shaped;
  }

  /** Equal for requests with equal labels. */
  #keyOf(entry: StreamEntry, peer: Workload, { protocol, code, grpcStatus, flags, policy }: Outcome): string {
    const host = this.#fallbackHost(entry);
    let key = `${this.#peerId(peer)} ${entry.upstreamClusterRaw ?? ''} ${host} ${protocol} ${code} ${grpcStatus} ${flags} ${policy}`;
    key += ` ${uriOf(entry.connection.tls?.peer)} ${uriOf(entry.upstreamTls?.peer)}`;
    for (const [, , value] of this.#tagged) key += ` ${value(entry)}`;
    return key;
  }

  #peerId(peer: Workload): number {
    let id = this.#peerIds.get(peer);
    if (id === undefined) this.#peerIds.set(peer, (id = this.#nextPeerId++));
    return id;
  }

  /** Who is at the other end. */
  #peerOf(entry: StreamEntry): Workload {
    const { filterState, upstream } = entry;
    if (this.#options.reporter === 'destination') {
      return (filterState?.get(DOWNSTREAM_PEER) as Workload | undefined) ?? NO_WORKLOAD;
    }
    const told = filterState?.get(UPSTREAM_PEER) as Workload | undefined;
    return told ?? (upstream ? endpointWorkload(upstream.metadata) : NO_WORKLOAD);
  }

  #endsOf(entry: StreamEntry, peer: Workload): Ends {
    const { own, reporter, clusters } = this.#options;
    const clusterName = entry.upstreamClusterRaw ?? '';
    const service = serviceOf(clusters.get(clusterName), clusterName, this.#fallbackHost(entry));
    const { connection, upstreamTls } = entry;
    return reporter === 'destination'
      ? {
          source: peer,
          destination: own,
          sourcePrincipal: uriOf(connection.tls?.peer),
          destinationPrincipal: connection.tls?.localUris[0] ?? '',
          service,
        }
      : {
          source: own,
          destination: peer,
          sourcePrincipal: upstreamTls?.localUris[0] ?? '',
          destinationPrincipal: uriOf(upstreamTls?.peer),
          service,
        };
  }

  #fallbackHost(entry: StreamEntry): string {
    return this.#options.settings.believesHost ? entry.authority : '';
  }
}

const endpointWorkloads = new WeakMap<object, Workload>();

/** Metadata objects live as long as their endpoint. */
function endpointWorkload(metadata: Readonly<Record<string, Readonly<Record<string, unknown>>>>): Workload {
  const known = endpointWorkloads.get(metadata);
  if (known) return known;
  const packed = metadata['istio']?.['workload'];
  const workload = typeof packed === 'string' ? workloadOfEndpoint(packed) : NO_WORKLOAD;
  endpointWorkloads.set(metadata, workload);
  return workload;
}

function uriOf(certificate: CertificateFacts | undefined): string {
  return certificate?.uris[0] ?? '';
}

function outcomeOf(entry: StreamEntry, reporter: Reporter): Outcome {
  const grpc = isGrpcRequest(entry.headers);
  return {
    protocol: grpc ? 'grpc' : 'http',
    code: String(entry.responseCode),
    grpcStatus: grpc ? (entry.responseTrailers?.get('grpc-status') ?? entry.responseHeader('grpc-status') ?? '') : '',
    flags: entry.responseFlags ?? '-',
    policy: policyOf(entry, reporter),
  };
}

function policyOf({ connection }: StreamEntry, reporter: Reporter): Outcome['policy'] {
  if (reporter === 'source') return 'unknown';
  return connection.tls?.peer ? 'mutual_tls' : 'none';
}
