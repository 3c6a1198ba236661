// Reports connections in Istio's TCP metrics: how many were opened and closed, how many bytes went each way, and between whom.
// https://istio.io/latest/docs/reference/config/metrics/
import type { PluginConfig } from '@meltemi/api/istio/stats/config_pb';
import type { Labels } from '@meltemi/base';
import type { Counter } from '@meltemi/telemetry';
import type { Transport } from '@meltemi/wire';
import {
  type Ends,
  endLabels,
  type Outcome,
  outcomeLabels,
  type Reporter,
  serviceOf,
} from '../../istio/stats/labels.ts';
import type { MetricName } from '../../istio/stats/metric-names.ts';
import { SeriesCells, SeriesTable } from '../../istio/stats/series.ts';
import { seriesBudgetOf } from '../../istio/stats/series-budget.ts';
import { type IstioStatsSettings, istioStatsSettings, rulesOf } from '../../istio/stats/stats-settings.ts';
import { DOWNSTREAM_PEER, UPSTREAM_PEER } from '../../istio/peer-state.ts';
import { NO_WORKLOAD, type Workload, workloadOf } from '../../istio/workload.ts';
import type { TcpEntry } from '../../tcp/tcp-entry.ts';
import type { TcpObserver } from '../../tcp/tcp-observer.ts';
import type { ListenerParts } from '../listener-parts.ts';
import type { ConnectionFilter } from './connection-filter.ts';

/** Throws FilterConfigError for metrics that can't be honoured. */
export function tcpMetrics(config: PluginConfig, parts: ListenerParts): ConnectionFilter {
  const settings = istioStatsSettings(config);
  const { clusters, stats, direction } = parts;
  const own = workloadOf(parts.accessLogs.node?.metadata ?? {});
  const reporter: Reporter = direction === 'inbound' || settings.reportsAsServer ? 'destination' : 'source';
  const peerKey = reporter === 'source' ? UPSTREAM_PEER : DOWNSTREAM_PEER;
  const cells = new SeriesCells(stats);
  const make = (labels: Labels) => connectionCells(cells, settings, labels);
  const series = new SeriesTable(make, seriesBudgetOf(stats));
  const cellsOf = (transport: Transport, entry: TcpEntry): ConnectionCells => {
    const cluster = entry.upstreamClusterRaw ?? '';
    const peer = (transport.state?.get(peerKey) as Workload | undefined) ?? NO_WORKLOAD;
    const ends = endsOf(entry, reporter, own, peer, serviceOf(clusters.get(cluster), cluster, ''));
    const labels = { ...endLabels(reporter, ends), ...outcomeLabels(outcomeOf(entry, reporter)) };
    return series.get(JSON.stringify(labels), () => labels);
  };
  const observer: TcpObserver = {
    opened: (transport, entry) => cellsOf(transport, entry).opened?.increment(),
    closed(transport, entry) {
      const { sent, received, closed } = cellsOf(transport, entry);
      sent?.add(entry.bytesSent);
      received?.add(entry.bytesReceived);
      closed?.increment();
    },
  };
  const close = () => {
    series.close();
    cells.close();
  };
  return { observer, close };
}

interface ConnectionCells {
  readonly opened: Counter | undefined;
  readonly closed: Counter | undefined;
  readonly sent: Counter | undefined;
  readonly received: Counter | undefined;
}

function connectionCells(cells: SeriesCells, settings: IstioStatsSettings, labels: Labels): ConnectionCells {
  const counter = (metric: MetricName) => {
    const { dropped, removed } = rulesOf(settings, metric);
    if (dropped) return undefined;
    const kept = Object.entries(labels).filter(([label]) => !removed.includes(label));
    return cells.counter(metric, Object.fromEntries(kept));
  };
  return {
    opened: counter('tcp_connections_opened_total'),
    closed: counter('tcp_connections_closed_total'),
    sent: counter('tcp_sent_bytes_total'),
    received: counter('tcp_received_bytes_total'),
  };
}

function outcomeOf(entry: TcpEntry, reporter: Reporter): Outcome {
  const secured = entry.downstreamTls?.peer ? 'mutual_tls' : 'none';
  return {
    protocol: 'tcp',
    code: '',
    grpcStatus: '',
    flags: entry.responseFlags ?? '-',
    policy: reporter === 'source' ? 'unknown' : secured,
  };
}

function endsOf(entry: TcpEntry, reporter: Reporter, own: Workload, peer: Workload, service: Ends['service']): Ends {
  const { downstreamTls, upstreamTls } = entry;
  if (reporter === 'source') {
    return {
      source: own,
      destination: peer,
      sourcePrincipal: upstreamTls?.localUris[0] ?? '',
      destinationPrincipal: upstreamTls?.peer?.uris[0] ?? '',
      service,
    };
  }
  return {
    source: peer,
    destination: own,
    sourcePrincipal: downstreamTls?.peer?.uris[0] ?? '',
    destinationPrincipal: downstreamTls?.localUris[0] ?? '',
    service,
  };
}
