// Turns how a cluster asks DNS, in its own fields or in a DnsCluster, into plain settings.
import type { Duration } from '@bufbuild/protobuf/wkt';
import { type Cluster, Cluster_DnsLookupFamily as LookupFamily } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import { DnsLookupFamily } from '@meltemi/api/envoy/extensions/clusters/common/dns/v3/dns_pb';
import type { DnsCluster } from '@meltemi/api/envoy/extensions/clusters/dns/v3/dns_cluster_pb';
import { durationToMs } from '@meltemi/base';
import { type EndpointSet, endpointSet } from '../discovery/endpoint-set.ts';
import type { DnsFamily } from '../discovery/resolve-name.ts';
import { ClusterConfigError } from './cluster-config-error.ts';

/** Times in milliseconds. */
export interface DnsSettings {
  readonly kind: 'dns';
  /** Logical: one address at a time. */
  readonly logical: boolean;
  readonly names: EndpointSet;
  readonly refreshMs: number;
  /** Added to the refresh after an answer: up to so much, by chance. */
  readonly jitterMs: number;
  /** After a failure: first so long, then ever longer. */
  readonly failureRefreshMs: number;
  readonly maxFailureRefreshMs: number;
  /** An answer holds for as long as it says itself … */
  readonly respectTtl: boolean;
  /** … but at least so long. */
  readonly leastTtlMs: number;
  readonly family: DnsFamily;
}

/** The settings of `dns_…` fields. Throws ClusterConfigError. */
export function dnsSettings(cluster: Cluster, logical: boolean): DnsSettings {
  const refreshMs = ms(cluster.dnsRefreshRate) ?? 5000;
  return {
    kind: 'dns',
    logical,
    names: namesOf(cluster, logical, 'LOGICAL_DNS'),
    refreshMs,
    jitterMs: 0,
    ...failureRefresh(cluster.dnsFailureRefreshRate, refreshMs),
    respectTtl: cluster.respectDnsTtl,
    leastTtlMs: 0,
    family: familyOf(cluster.dnsLookupFamily),
  };
}

/** The settings of `cluster_type` envoy.clusters.dns. Throws ClusterConfigError. */
export function dnsClusterSettings(cluster: Cluster, config: DnsCluster): DnsSettings {
  const logical = config.allAddressesInSingleEndpoint;
  const refreshMs = ms(config.dnsRefreshRate) ?? 5000;
  return {
    kind: 'dns',
    logical,
    names: namesOf(cluster, logical, 'all_addresses_in_single_endpoint'),
    refreshMs,
    jitterMs: ms(config.dnsJitter) ?? 0,
    ...failureRefresh(config.dnsFailureRefreshRate, refreshMs),
    respectTtl: config.respectDnsTtl,
    leastTtlMs: ms(config.dnsMinRefreshRate) ?? 0,
    family: FAMILIES[config.dnsLookupFamily],
  };
}

function namesOf(cluster: Cluster, logical: boolean, reason: string): EndpointSet {
  const names = endpointSet(cluster.loadAssignment);
  if (logical && names.localities.flatMap((group) => group.endpoints).length !== 1) {
    throw new ClusterConfigError('BAD_ENDPOINT', `${reason} needs exactly one endpoint`);
  }
  return names;
}

interface RefreshRate {
  readonly baseInterval?: Duration | undefined;
  readonly maxInterval?: Duration | undefined;
}

/** Without a rate of its own a failure is asked again as an answer is. */
function failureRefresh(rate: RefreshRate | undefined, refreshMs: number) {
  const failureRefreshMs = ms(rate?.baseInterval) ?? refreshMs;
  const maxFailureRefreshMs = ms(rate?.maxInterval) ?? 10 * failureRefreshMs;
  if (maxFailureRefreshMs < failureRefreshMs) {
    throw new ClusterConfigError('BAD_VALUE', 'dns_failure_refresh_rate: max_interval is less than base_interval');
  }
  return { failureRefreshMs, maxFailureRefreshMs: rate ? maxFailureRefreshMs : refreshMs };
}

function ms(duration: Duration | undefined): number | undefined {
  return duration && durationToMs(duration);
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

/** What is left open is as AUTO. */
const FAMILIES: Readonly<Record<DnsLookupFamily, DnsFamily>> = {
  [DnsLookupFamily.UNSPECIFIED]: 'v4-then-v6',
  [DnsLookupFamily.AUTO]: 'v4-then-v6',
  [DnsLookupFamily.V4_ONLY]: 'v4',
  [DnsLookupFamily.V6_ONLY]: 'v6',
  [DnsLookupFamily.V4_PREFERRED]: 'v4-then-v6',
  [DnsLookupFamily.ALL]: 'all',
};
