// Turns a TcpProxy message into plain settings with Envoy's defaults; times in milliseconds, 0 for none.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/network/tcp_proxy/v3/tcp_proxy.proto
import { type Duration } from '@bufbuild/protobuf/wkt';
import { durationToMs } from '@meltemi/base';
import type { Metadata } from '@meltemi/api/envoy/config/core/v3/base_pb';
import type {
  TcpProxy,
  TcpProxy_WeightedCluster_ClusterWeight,
} from '@meltemi/api/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb';
import { TcpConfigError } from './tcp-config-error.ts';
import { refuseTcpFields } from './tcp-fields.ts';
import { type TunnelSettings, tunnelSettings } from './tunnel-settings.ts';

export interface TcpSettings {
  readonly statPrefix: string;
  readonly clusters: TcpClusters;
  /** No byte either way for so long ends a connection. */
  readonly idleTimeoutMs: number;
  readonly maxDurationMs: number;
  /** Hosts that are tried for one connection, at least 1. */
  readonly maxConnectAttempts: number;
  /** Connections of one client address go to one host. */
  readonly hashSourceIp: boolean;
  /** A line in the log when the upstream is there, besides that at the end. */
  readonly logConnected: boolean;
  /** A line in the log so often while the connection lives; 0: none. */
  readonly logIntervalMs: number;
  /** Undefined: bytes go as they are. */
  readonly tunnel: TunnelSettings | undefined;
}

/** Where connections go: choices with the ends of their intervals in [0, total). */
export interface TcpClusters {
  readonly total: number;
  readonly choices: readonly TcpChoice[];
}

export interface TcpChoice {
  readonly end: number;
  readonly cluster: string;
  /** Of the endpoints to choose from, under `envoy.lb`; undefined: all. */
  readonly subset: Readonly<Record<string, unknown>> | undefined;
}

const HOUR_MS = 3_600_000;

/** Throws TcpConfigError for what can't be honoured. */
export function tcpSettings(config: TcpProxy): TcpSettings {
  refuseTcpFields(config);
  return {
    statPrefix: config.statPrefix,
    clusters: clustersOf(config),
    idleTimeoutMs: config.idleTimeout ? durationToMs(config.idleTimeout) : HOUR_MS,
    maxDurationMs: optionalMs(config.maxDownstreamConnectionDuration),
    maxConnectAttempts: config.maxConnectAttempts ?? 1,
    hashSourceIp: config.hashPolicy.some((policy) => policy.policySpecifier.case === 'sourceIp'),
    logConnected: config.accessLogOptions?.flushAccessLogOnConnected ?? config.flushAccessLogOnConnected,
    logIntervalMs: optionalMs(config.accessLogOptions?.accessLogFlushInterval ?? config.accessLogFlushInterval),
    tunnel: tunnelSettings(config.tunnelingConfig),
  };
}

/** The choice whose interval a number in [0, 2^53) falls in by its remainder. */
export function pickCluster({ total, choices }: TcpClusters, chance: number): TcpChoice {
  const point = choices.length === 1 ? 0 : chance % total;
  return choices.find(({ end }) => point < end) ?? choices[0]!;
}

function clustersOf({ clusterSpecifier, metadataMatch }: TcpProxy): TcpClusters {
  const subset = subsetOf(metadataMatch);
  switch (clusterSpecifier.case) {
    case 'cluster':
      return { total: 1, choices: [{ end: 1, cluster: clusterSpecifier.value, subset }] };
    case 'weightedClusters':
      return weightedClusters(clusterSpecifier.value.clusters, subset);
    case undefined:
      throw new TcpConfigError('BAD_FILTER', 'tcp_proxy names no cluster');
  }
}

type ClusterWeight = TcpProxy_WeightedCluster_ClusterWeight;

/** A cluster's own conditions win over those of the filter, key by key. */
function weightedClusters(clusters: readonly ClusterWeight[], shared: TcpChoice['subset']): TcpClusters {
  let total = 0;
  const choices = clusters.map(({ name, weight, metadataMatch }) => {
    const own = subsetOf(metadataMatch);
    return { end: (total += weight), cluster: name, subset: own || shared ? { ...shared, ...own } : undefined };
  });
  if (choices.length === 0) throw new TcpConfigError('BAD_FILTER', 'tcp_proxy: weighted_clusters is empty');
  return { total, choices };
}

function subsetOf(metadata: Metadata | undefined): TcpChoice['subset'] {
  return metadata?.filterMetadata['envoy.lb'];
}

function optionalMs(duration: Duration | undefined): number {
  return duration ? durationToMs(duration) : 0;
}
