// Reports connections in Istio's TCP metrics: how many were opened and closed, how many bytes went each way, and between whom.
// https://istio.io/latest/docs/reference/config/metrics/
import type { PluginConfig } from '@meltemi/api/istio/stats/config_pb';
import type { Transport } from '@meltemi/wire';
import { type Ends, endLabels, outcomeLabels, type Reporter, serviceOf } from '../../istio/stats/labels.ts';
import type { MetricName } from '../../istio/stats/metric-names.ts';
import { SeriesCells } from '../../istio/stats/series.ts';
import { istioStatsSettings, rulesOf } from '../../istio/stats/stats-settings.ts';
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
  const count = (metric: MetricName, amount: number, transport: Transport, entry: TcpEntry): void => {
    const { dropped, removed } = rulesOf(settings, metric);
    if (dropped) return;
    const cluster = entry.upstreamCluster ?? '';
    const peer = (transport.state?.get(peerKey) as Workload | undefined) ?? NO_WORKLOAD;
    const ends = endsOf(entry, reporter, own, peer, serviceOf(clusters.get(cluster), cluster, ''));
    const secured = entry.downstreamTls?.peer ? 'mutual_tls' : 'none';
    const outcome = {
      protocol: 'tcp',
      code: '',
      grpcStatus: '',
      flags: entry.responseFlags ?? '-',
      policy: reporter === 'source' ? 'unknown' : secured,
    } as const;
    const labels = { ...endLabels(reporter, ends), ...outcomeLabels(outcome) };
    for (const tag of removed) delete labels[tag];
    cells.counter(metric, labels).add(amount);
  };
  const observer: TcpObserver = {
    opened: (transport, entry) => count('tcp_connections_opened_total', 1, transport, entry),
    closed(transport, entry) {
      count('tcp_sent_bytes_total', entry.bytesSent, transport, entry);
      count('tcp_received_bytes_total', entry.bytesReceived, transport, entry);
      count('tcp_connections_closed_total', 1, transport, entry);
    },
  };
  return { observer, close: () => cells.close() };
}

function endsOf(entry: TcpEntry, reporter: Reporter, own: Workload, peer: Workload, service: Ends['service']): Ends {
  const { downstreamTls } = entry;
  if (reporter === 'source') {
    return { source: own, destination: peer, sourcePrincipal: '', destinationPrincipal: '', service };
  }
  return {
    source: peer,
    destination: own,
    sourcePrincipal: downstreamTls?.peer?.uris[0] ?? '',
    destinationPrincipal: downstreamTls?.localUris[0] ?? '',
    service,
  };
}
