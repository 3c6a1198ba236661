// One configuration of a cluster on its way to serve: settings, endpoints and secrets, complete or still waited for.
import { create, toBinary } from '@bufbuild/protobuf';
import { type Cluster as ClusterMessage, ClusterSchema } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import type { WatchSecret } from '../tls/tls-material.ts';
import type { ClusterState } from './active-cluster.ts';
import { NO_ENDPOINTS } from './discovery/endpoint-set.ts';
import { Dialler } from './endpoint/dialler.ts';
import { EndpointFeed, type FeedListener, type FeedOptions } from './endpoint-feed.ts';
import { type ClusterSettings, clusterSettings } from './settings/cluster-settings.ts';

export interface VersionOptions extends FeedOptions {
  readonly watchSecret: WatchSecret;
}

export interface VersionListener extends FeedListener {
  /** Secrets came or rotated, or don't come for now. */
  onSecrets(): void;
}

/** Parts are shared with the version before where the configuration leaves them alone. */
export interface ClusterVersion {
  readonly settings: ClusterSettings;
  readonly feed: EndpointFeed;
  readonly feedKey: string;
  readonly dialler: Dialler;
  readonly diallerKey: string;
}

/** Throws ClusterConfigError, TlsConfigError or XdsSourceError for what can't be honoured; nothing stays open then. */
export function clusterVersion(
  message: ClusterMessage,
  before: readonly ClusterVersion[],
  options: VersionOptions,
  listener: VersionListener,
): ClusterVersion {
  const settings = clusterSettings(message);
  const feedKey = keyOf(discoveryPart(message));
  const diallerKey = keyOf(transportPart(message));
  const dialler =
    before.find((version) => version.diallerKey === diallerKey)?.dialler ??
    new Dialler(settings.transport, options.watchSecret, () => listener.onSecrets());
  try {
    const feed =
      before.find((version) => version.feedKey === feedKey)?.feed ?? new EndpointFeed(settings, options, listener);
    return { settings, feed, feedKey, dialler, diallerKey };
  } catch (error) {
    if (!before.some((version) => version.dialler === dialler)) dialler.close();
    throw error;
  }
}

/** Endpoints and secrets are there, or it is settled that they don't come for now. */
export function isComplete(version: ClusterVersion): boolean {
  return version.feed.latest !== undefined && version.dialler.ready;
}

export function stateOf(version: ClusterVersion): ClusterState {
  return {
    settings: version.settings,
    endpoints: version.feed.latest ?? NO_ENDPOINTS,
    dialler: version.dialler,
  };
}

/** Closes what none of the versions that stay shares. */
export function closeVersion(version: ClusterVersion, staying: readonly (ClusterVersion | undefined)[]): void {
  if (!staying.some((other) => other?.feed === version.feed)) version.feed.close();
  if (!staying.some((other) => other?.dialler === version.dialler)) version.dialler.close();
}

function discoveryPart(message: ClusterMessage): ClusterMessage {
  const { clusterDiscoveryType, edsClusterConfig, loadAssignment, dnsRefreshRate, dnsFailureRefreshRate } = message;
  return create(ClusterSchema, {
    name: message.name,
    clusterDiscoveryType,
    dnsLookupFamily: message.dnsLookupFamily,
    respectDnsTtl: message.respectDnsTtl,
    ...(edsClusterConfig && { edsClusterConfig }),
    ...(loadAssignment && { loadAssignment }),
    ...(dnsRefreshRate && { dnsRefreshRate }),
    ...(dnsFailureRefreshRate && { dnsFailureRefreshRate }),
  });
}

function transportPart(message: ClusterMessage): ClusterMessage {
  const { transportSocket, transportSocketMatches } = message;
  return create(ClusterSchema, { transportSocketMatches, ...(transportSocket && { transportSocket }) });
}

function keyOf(part: ClusterMessage): string {
  return Buffer.from(toBinary(ClusterSchema, part)).toString('base64');
}
