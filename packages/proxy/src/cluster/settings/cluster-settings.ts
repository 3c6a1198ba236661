// Turns a Cluster message into plain settings, once, refusing by name what can't be honoured.
import { type Cluster, Cluster_DiscoveryType as DiscoveryType } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import type { JsonObject } from '@bufbuild/protobuf';
import { DnsClusterSchema } from '@meltemi/api/envoy/extensions/clusters/dns/v3/dns_cluster_pb';
import { unpackAny } from '@meltemi/api';
import type { ConfigSource } from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import { type EndpointSet, endpointSet } from '../discovery/endpoint-set.ts';
import type { LoadBalancing, SubsetSettings } from './balancer-settings.ts';
import { circuitLimits, type LimitsByPriority } from './circuit-limits.ts';
import { ClusterConfigError } from './cluster-config-error.ts';
import { refuseClusterFields } from './cluster-fields.ts';
import { peerExchangeProtocol } from './cluster-filters.ts';
import { type ConnectionSettings, connectionSettings } from './connection-settings.ts';
import { dnsClusterSettings, type DnsSettings, dnsSettings } from './dns-settings.ts';
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

export interface EdsSettings {
  readonly kind: 'eds';
  readonly serviceName: string;
  readonly source: ConfigSource;
}

/** Throws ClusterConfigError or TlsConfigError. */
export function clusterSettings(cluster: Cluster): ClusterSettings {
  if (cluster.name === '') throw new ClusterConfigError('BAD_VALUE', 'a cluster has no name');
  refuseClusterFields(cluster);
  refuseFilters(cluster);
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

function refuseFilters(cluster: Cluster): void {
  const filter = cluster.filters.find(({ name }) => !METADATA_EXCHANGE.test(name));
  if (filter) throw new ClusterConfigError('UNSUPPORTED_FIELD', `filter ${filter.name} is not supported`);
}

function discoverySettings(cluster: Cluster): DiscoverySettings {
  const { clusterDiscoveryType: type } = cluster;
  if (type.case === 'clusterType') {
    const dns = unpackAny(type.value.typedConfig, DnsClusterSchema);
    if (dns) return dnsClusterSettings(cluster, dns);
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

function edsSettings(cluster: Cluster): EdsSettings {
  const source = cluster.edsClusterConfig?.edsConfig;
  if (!source) throw new ClusterConfigError('BAD_VALUE', 'an EDS cluster has no eds_config');
  return {
    kind: 'eds',
    serviceName: cluster.edsClusterConfig?.serviceName || cluster.name,
    source,
  };
}
