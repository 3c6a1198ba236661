// ClusterInput → Cluster.
import { create } from '@bufbuild/protobuf';
import {
  type Cluster,
  Cluster_DiscoveryType,
  Cluster_DnsLookupFamily,
  Cluster_LbPolicy,
  ClusterSchema,
} from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import {
  type ClusterLoadAssignment,
  ClusterLoadAssignmentSchema,
} from '@meltemi/api/envoy/config/endpoint/v3/endpoint_pb';
import { type TypedExtensionConfig, TypedExtensionConfigSchema } from '@meltemi/api/envoy/config/core/v3/extension_pb';
import { CaresDnsResolverConfigSchema } from '@meltemi/api/envoy/extensions/network/dns_resolver/cares/v3/cares_dns_resolver_pb';
import { packAny } from '@meltemi/api';
import { msToDuration, type SocketAddress } from '@meltemi/base';
import {
  INBOUND_SOURCE,
  type BlackHoleClusterInput,
  type ClusterInput,
  type InboundClusterInput,
  type LoadBalancerInput,
  type OutboundClusterInput,
  type PassthroughClusterInput,
} from '../input/cluster-input.ts';
import type { LocalityEndpointInput } from '../input/endpoint-input.ts';
import { address } from './address.ts';
import { adsSource } from './config-source.ts';
import { circuitBreakers, keepAlive, outlierDetection } from './cluster-limits.ts';
import { clusterTls } from './cluster-tls.ts';
import { generateEndpoints } from './endpoint.ts';
import { httpOptions } from './http-options.ts';
import { metadata } from './metadata.ts';
import { patchedCluster } from './patch/patch-cluster.ts';

/** The application has one address, which is never worth forgetting. The largest that Envoy takes. */
const NEVER = msToDuration(9_223_372_035_000);
const ORIGINAL_DESTINATION = {
  clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.ORIGINAL_DST },
} as const;
const PROVIDED = { lbPolicy: Cluster_LbPolicy.CLUSTER_PROVIDED } as const;

export function generateCluster(input: ClusterInput): Cluster {
  const cluster = clusterOf(input);
  return input.patches ? patchedCluster(cluster, input.patches) : cluster;
}

function clusterOf(input: ClusterInput): Cluster {
  switch (input.kind) {
    case 'outbound':
      return outboundCluster(input);
    case 'inbound':
      return inboundCluster(input);
    case 'passthrough':
      return passthroughCluster(input);
    case 'black-hole':
      return blackHoleCluster(input);
  }
}

type Of<Input> = Input & Pick<ClusterInput, 'withheld'>;

function outboundCluster(input: Of<OutboundClusterInput>): Cluster {
  const { service, subset } = input;
  const found = { services: [service.reference], ...(service.external && { external: true }) };
  const origin = metadata(input.provenance, { ...found, ...(subset && { subset }) });
  return create(ClusterSchema, {
    name: input.name,
    ...(input.statName && { altStatName: input.statName }),
    ...discovery(input),
    ...(input.discovery.kind === 'original-destination' ? PROVIDED : balancing(input.loadBalancer)),
    connectTimeout: msToDuration(input.connectionPool.connectTimeoutMs),
    circuitBreakers: circuitBreakers(input.connectionPool),
    ...keepAlive(input.connectionPool),
    typedExtensionProtocolOptions: httpOptions(input.http, input.connectionPool, input.withheld),
    ...(input.outlierDetection && { outlierDetection: outlierDetection(input.outlierDetection) }),
    commonLbConfig: {
      healthyPanicThreshold: { value: input.outlierDetection?.minHealthPercent ?? 0 },
      ...(input.weighsLocalities && {
        localityConfigSpecifier: { case: 'localityWeightedLbConfig' as const, value: {} },
      }),
    },
    ...clusterTls(input.tls, input.http === 'http2'),
    ...(origin && { metadata: origin }),
  });
}

function inboundCluster(input: InboundClusterInput): Cluster {
  const pool = input.connectionPool;
  const origin = metadata(input.provenance, input.services.length > 0 ? { services: [...input.services] } : {});
  return create(ClusterSchema, {
    name: input.name,
    ...(input.statName && { altStatName: input.statName }),
    ...(input.app
      ? {
          clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.STATIC },
          loadAssignment: applicationAt(input.name, input.app),
        }
      : { ...ORIGINAL_DESTINATION, ...PROVIDED, ...boundTo(INBOUND_SOURCE), cleanupInterval: NEVER }),
    connectTimeout: msToDuration(pool.connectTimeoutMs),
    circuitBreakers: circuitBreakers(pool),
    ...keepAlive(pool),
    typedExtensionProtocolOptions: httpOptions(input.http, pool),
    ...(origin && { metadata: origin }),
  });
}

function applicationAt(clusterName: string, app: SocketAddress): ClusterLoadAssignment {
  const lbEndpoints = [{ hostIdentifier: { case: 'endpoint' as const, value: { address: address(app) } } }];
  return create(ClusterLoadAssignmentSchema, { clusterName, endpoints: [{ lbEndpoints }] });
}

function passthroughCluster(input: Of<PassthroughClusterInput>): Cluster {
  const pool = input.connectionPool;
  return create(ClusterSchema, {
    name: input.name,
    ...ORIGINAL_DESTINATION,
    ...PROVIDED,
    ...(input.from && boundTo(input.from)),
    connectTimeout: msToDuration(pool.connectTimeoutMs),
    circuitBreakers: circuitBreakers(pool),
    ...keepAlive(pool),
    typedExtensionProtocolOptions: httpOptions('as-received', pool, input.withheld),
  });
}

function boundTo(host: string) {
  return {
    upstreamBindConfig: { sourceAddress: { address: host, portSpecifier: { case: 'portValue', value: 0 } } },
  } as const;
}

function blackHoleCluster(input: BlackHoleClusterInput): Cluster {
  return create(ClusterSchema, {
    name: input.name,
    clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.STATIC },
    connectTimeout: msToDuration(10_000),
  });
}

function discovery(input: OutboundClusterInput) {
  if (input.discovery.kind === 'eds') {
    return {
      clusterDiscoveryType: { case: 'type' as const, value: Cluster_DiscoveryType.EDS },
      edsClusterConfig: { edsConfig: adsSource(), serviceName: input.name },
    };
  }
  if (input.discovery.kind === 'original-destination') return originalDestination(input.discovery.port);
  return {
    clusterDiscoveryType: {
      case: 'type' as const,
      value: input.discovery.once ? Cluster_DiscoveryType.LOGICAL_DNS : Cluster_DiscoveryType.STRICT_DNS,
    },
    dnsRefreshRate: msToDuration(input.discovery.refreshMs),
    respectDnsTtl: true,
    dnsLookupFamily: Cluster_DnsLookupFamily.V4_ONLY,
    typedDnsResolverConfig: dnsResolver(),
    loadAssignment: assignment(input.name, input.discovery.endpoints),
  };
}

function originalDestination(port: number | undefined) {
  if (port === undefined) return ORIGINAL_DESTINATION;
  return {
    ...ORIGINAL_DESTINATION,
    lbConfig: { case: 'originalDstLbConfig' as const, value: { upstreamPortOverride: port } },
  };
}

/** A socket that asked so often is given up: servers that drop its answers would be asked in vain for ever. */
function dnsResolver(): TypedExtensionConfig {
  const config = create(CaresDnsResolverConfigSchema, { udpMaxQueries: 100 });
  return create(TypedExtensionConfigSchema, {
    name: 'envoy.network.dns_resolver.cares',
    typedConfig: packAny(CaresDnsResolverConfigSchema, config),
  });
}

function assignment(clusterName: string, endpoints: readonly LocalityEndpointInput[]): ClusterLoadAssignment {
  const byLocality = Map.groupBy(endpoints, ({ locality = '' }) => locality);
  const localities = Array.from(byLocality, ([locality, members]) => ({ locality, endpoints: members }));
  return generateEndpoints({ name: clusterName, localities });
}

function balancing(input: LoadBalancerInput) {
  switch (input.kind) {
    case 'round-robin':
      return { lbPolicy: Cluster_LbPolicy.ROUND_ROBIN };
    case 'least-request':
      return { lbPolicy: Cluster_LbPolicy.LEAST_REQUEST };
    case 'random':
      return { lbPolicy: Cluster_LbPolicy.RANDOM };
    case 'ring-hash':
      return {
        lbPolicy: Cluster_LbPolicy.RING_HASH,
        lbConfig: { case: 'ringHashLbConfig' as const, value: { minimumRingSize: BigInt(input.minimumRingSize) } },
      };
    case 'maglev':
      return {
        lbPolicy: Cluster_LbPolicy.MAGLEV,
        lbConfig: { case: 'maglevLbConfig' as const, value: { tableSize: BigInt(input.tableSize) } },
      };
  }
}
