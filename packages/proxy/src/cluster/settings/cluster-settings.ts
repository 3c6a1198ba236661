// Turns a Cluster message into plain settings, once, refusing by name what can't be honoured.
import {
  type Cluster,
  Cluster_DiscoveryType as DiscoveryType,
  Cluster_DnsLookupFamily as LookupFamily,
} from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import type { JsonObject } from '@bufbuild/protobuf';
import type { ConfigSource } from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import { durationToMs } from '@meltemi/base';
import { type EndpointSet, endpointSet } from '../discovery/endpoint-set.ts';
import type { DnsFamily } from '../discovery/resolve-name.ts';
import type { LoadBalancing, SubsetSettings } from './balancer-settings.ts';
import { circuitLimits, type LimitsByPriority } from './circuit-limits.ts';
import { ClusterConfigError } from './cluster-config-error.ts';
import { peerExchangeProtocol } from './cluster-filters.ts';
import { type ConnectionSettings, connectionSettings } from './connection-settings.ts';
import { type HealthCheckSettings, healthCheckSettings } from './health-check-settings.ts';
import { type HostRules, hostRules } from './host-rules.ts';
import { loadBalancing } from './load-balancing.ts';
import { type OriginalDstSettings, originalDstSettings } from './original-dst-settings.ts';
import { type OutlierSettings, outlierSettings } from './outlier-settings.ts';
import { type TransportRules, transportRules } from './transport-settings.ts';

export interface ClusterSettings {
  readonly name: string;
  /** All its metadata, by who it is for. */
  readonly metadata: Readonly<Record<string, JsonObject>>;
  /** `alt_stat_name`, else the name. */
  readonly statName: string;
  readonly discovery: DiscoverySettings;
  readonly balancing: LoadBalancing;
  /** Undefined: a request's labels do not count. */
  readonly subsets: SubsetSettings | undefined;
  readonly hosts: HostRules;
  readonly connection: ConnectionSettings;
  readonly limits: LimitsByPriority;
  readonly outlier: OutlierSettings | undefined;
  readonly health: HealthCheckSettings | undefined;
  readonly transport: TransportRules;
  /** By this ALPN protocol TCP upstreams agree to Istio's metadata exchange; undefined: none does. */
  readonly peerExchange: string | undefined;
}

export type DiscoverySettings =
  | { readonly kind: 'static'; readonly endpoints: EndpointSet }
  | DnsSettings
  | EdsSettings
  | OriginalDstSettings;

export interface DnsSettings {
  readonly kind: 'dns';
  /** Logical: one address at a time. */
  readonly logical: boolean;
  readonly names: EndpointSet;
  readonly refreshMs: number;
  /** After a failure: first so long, then ever longer. */
  readonly failureRefreshMs: number;
  readonly maxFailureRefreshMs: number;
  /** An answer holds for as long as it says itself. */
  readonly respectTtl: boolean;
  readonly family: DnsFamily;
}

export interface EdsSettings {
  readonly kind: 'eds';
  readonly serviceName: string;
  readonly source: ConfigSource;
}

/** Throws ClusterConfigError or TlsConfigError. */
export function clusterSettings(cluster: Cluster): ClusterSettings {
  if (cluster.name === '') throw new ClusterConfigError('BAD_VALUE', 'a cluster has no name');
  refuseUnsupported(cluster);
  const connection = connectionSettings(cluster);
  const transport = transportRules(cluster);
  if (connection.protocol === 'either') requireAlpn(transport);
  const { subsets, ...balancing } = loadBalancing(cluster);
  return {
    name: cluster.name,
    metadata: cluster.metadata?.filterMetadata ?? {},
    statName: cluster.altStatName || cluster.name,
    discovery: discoverySettings(cluster),
    balancing,
    subsets,
    hosts: hostRules(cluster),
    connection,
    limits: circuitLimits(cluster.circuitBreakers),
    outlier: outlierSettings(cluster.outlierDetection),
    health: healthCheckSettings(cluster),
    transport,
    peerExchange: peerExchangeProtocol(cluster),
  };
}

/** Istio's filter that learns of the upstream's workload: what it finds, telemetry has from the endpoints' metadata. */
const METADATA_EXCHANGE = /(?:^|\.)metadata_exchange$/;

/** Where the host chooses the protocol, every endpoint must be able to, as with Envoy. */
function requireAlpn({ rules, otherwise }: TransportRules): void {
  if ([...rules.map((rule) => rule.transport), otherwise].every(({ kind }) => kind === 'tls')) return;
  throw new ClusterConfigError('UNSUPPORTED_TRANSPORT', 'auto_config needs a transport socket with ALPN');
}

/** What would change how a cluster serves, were it honoured. */
function refuseUnsupported(cluster: Cluster): void {
  const filter = cluster.filters.find(({ name }) => !METADATA_EXCHANGE.test(name));
  if (filter) throw new ClusterConfigError('UNSUPPORTED_FIELD', `filter ${filter.name} is not supported`);
  if (cluster.upstreamConfig) {
    throw new ClusterConfigError(
      'UNSUPPORTED_FIELD',
      `upstream_config ${cluster.upstreamConfig.name} is not supported`,
    );
  }
}

function discoverySettings(cluster: Cluster): DiscoverySettings {
  const { clusterDiscoveryType: type } = cluster;
  if (type.case === 'clusterType') {
    throw new ClusterConfigError('UNSUPPORTED_DISCOVERY', `cluster_type ${type.value.name} is not supported`);
  }
  switch (type.value ?? DiscoveryType.STATIC) {
    case DiscoveryType.STATIC:
      return { kind: 'static', endpoints: endpointSet(cluster.loadAssignment) };
    case DiscoveryType.STRICT_DNS:
      return dnsSettings(cluster, false);
    case DiscoveryType.LOGICAL_DNS:
      return dnsSettings(cluster, true);
    case DiscoveryType.EDS:
      return edsSettings(cluster);
    case DiscoveryType.ORIGINAL_DST:
      return originalDstSettings(cluster);
    default:
      throw new ClusterConfigError('BAD_VALUE', `type ${type.value} does not exist`);
  }
}

function dnsSettings(cluster: Cluster, logical: boolean): DnsSettings {
  const names = endpointSet(cluster.loadAssignment);
  if (logical && names.localities.flatMap((group) => group.endpoints).length !== 1) {
    throw new ClusterConfigError('BAD_ENDPOINT', 'LOGICAL_DNS needs exactly one endpoint');
  }
  const refreshMs = cluster.dnsRefreshRate ? durationToMs(cluster.dnsRefreshRate) : 5000;
  return {
    kind: 'dns',
    logical,
    names,
    refreshMs,
    ...failureRefresh(cluster, refreshMs),
    respectTtl: cluster.respectDnsTtl,
    family: familyOf(cluster.dnsLookupFamily),
  };
}

/** Without a rate of its own a failure is asked again as an answer is. */
function failureRefresh({ dnsFailureRefreshRate: rate }: Cluster, refreshMs: number) {
  const failureRefreshMs = rate?.baseInterval ? durationToMs(rate.baseInterval) : refreshMs;
  const maxFailureRefreshMs = rate?.maxInterval ? durationToMs(rate.maxInterval) : 10 * failureRefreshMs;
  if (maxFailureRefreshMs < failureRefreshMs) {
    throw new ClusterConfigError('BAD_VALUE', 'dns_failure_refresh_rate: max_interval is less than base_interval');
  }
  return { failureRefreshMs, maxFailureRefreshMs: rate ? maxFailureRefreshMs : refreshMs };
}

function familyOf(family: LookupFamily): DnsFamily {
  switch (family) {
    case LookupFamily.V4_ONLY:
      return 'v4';
    case LookupFamily.V6_ONLY:
      return 'v6';
    case LookupFamily.V4_PREFERRED:
      return 'v4-then-v6';
    case LookupFamily.ALL:
      return 'all';
    default:
      // AUTO prefers IPv6 in Envoy; both are asked, and a v6 answer counts only where there is no v4 one.
      return 'v4-then-v6';
  }
}

function edsSettings(cluster: Cluster): EdsSettings {
  const source = cluster.edsClusterConfig?.edsConfig;
  if (!source) throw new ClusterConfigError('BAD_VALUE', 'an EDS cluster has no eds_config');
  return {
    kind: 'eds',
    serviceName: cluster.edsClusterConfig?.serviceName || cluster.name,
    source,
  };
}
