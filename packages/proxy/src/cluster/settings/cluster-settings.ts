// Turns a Cluster message into plain settings, once, refusing by name what can't be honoured.
import {
  type Cluster,
  Cluster_DiscoveryType as DiscoveryType,
  Cluster_DnsLookupFamily as LookupFamily,
} from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import type { ConfigSource } from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import { durationToMs } from '@meltemi/base';
import { type EndpointSet, endpointSet } from '../discovery/endpoint-set.ts';
import type { DnsFamily } from '../discovery/resolve-name.ts';
import { type BalancerSettings, balancerSettings } from './balancer-settings.ts';
import { circuitLimits, type LimitsByPriority } from './circuit-limits.ts';
import { ClusterConfigError } from './cluster-config-error.ts';
import { type ConnectionSettings, connectionSettings } from './connection-settings.ts';
import { type OutlierSettings, outlierSettings } from './outlier-settings.ts';
import { type TransportRules, transportRules } from './transport-settings.ts';

export interface ClusterSettings {
  readonly name: string;
  /** `alt_stat_name`, else the name. */
  readonly statName: string;
  readonly discovery: DiscoverySettings;
  readonly balancer: BalancerSettings;
  /** Percent of healthy hosts below which health is ignored; 0: never. */
  readonly panicThreshold: number;
  readonly localityWeighted: boolean;
  readonly hashByHostname: boolean;
  readonly connection: ConnectionSettings;
  readonly limits: LimitsByPriority;
  readonly outlier: OutlierSettings | undefined;
  readonly transport: TransportRules;
}

export type DiscoverySettings =
  | { readonly kind: 'static'; readonly endpoints: EndpointSet }
  | DnsSettings
  | EdsSettings;

export interface DnsSettings {
  readonly kind: 'dns';
  /** Logical: one address at a time. */
  readonly logical: boolean;
  readonly names: EndpointSet;
  readonly refreshMs: number;
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
  if (cluster.lbSubsetConfig) throw new ClusterConfigError('UNSUPPORTED_FIELD', 'lb_subset_config is not supported');
  const common = cluster.commonLbConfig;
  return {
    name: cluster.name,
    statName: cluster.altStatName || cluster.name,
    discovery: discoverySettings(cluster),
    balancer: balancerSettings(cluster),
    panicThreshold: common?.healthyPanicThreshold?.value ?? 50,
    localityWeighted: common?.localityConfigSpecifier.case === 'localityWeightedLbConfig',
    hashByHostname: common?.consistentHashingLbConfig?.useHostnameForHashing ?? false,
    connection: connectionSettings(cluster),
    limits: circuitLimits(cluster.circuitBreakers),
    outlier: outlierSettings(cluster.outlierDetection),
    transport: transportRules(cluster),
  };
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
    default:
      throw new ClusterConfigError('UNSUPPORTED_DISCOVERY', `type ${DiscoveryType[type.value ?? 0]} is not supported`);
  }
}

function dnsSettings(cluster: Cluster, logical: boolean): DnsSettings {
  const names = endpointSet(cluster.loadAssignment);
  if (logical && names.localities.flatMap((group) => group.endpoints).length !== 1) {
    throw new ClusterConfigError('BAD_ENDPOINT', 'LOGICAL_DNS needs exactly one endpoint');
  }
  const refreshMs = cluster.dnsRefreshRate ? durationToMs(cluster.dnsRefreshRate) : 5000;
  return { kind: 'dns', logical, names, refreshMs, family: familyOf(cluster.dnsLookupFamily) };
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
