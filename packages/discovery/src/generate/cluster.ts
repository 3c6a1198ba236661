// ClusterInput → Cluster.
import { create } from '@bufbuild/protobuf';
import {
  type Cluster,
  Cluster_DiscoveryType,
  Cluster_LbPolicy,
  ClusterSchema,
} from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import {
  type OutlierDetection,
  OutlierDetectionSchema,
} from '@meltemi/api/envoy/config/cluster/v3/outlier_detection_pb';
import {
  type ClusterLoadAssignment,
  ClusterLoadAssignmentSchema,
} from '@meltemi/api/envoy/config/endpoint/v3/endpoint_pb';
import { msToDuration, type SocketAddress } from '@meltemi/base';
import {
  INBOUND_SOURCE,
  type BlackHoleClusterInput,
  type ClusterInput,
  type ConnectionPoolInput,
  type DnsEndpointInput,
  type InboundClusterInput,
  type LoadBalancerInput,
  type OutboundClusterInput,
  type OutlierDetectionInput,
  type PassthroughClusterInput,
} from '../input/cluster-input.ts';
import { address } from './address.ts';
import { adsSource } from './config-source.ts';
import { clusterTls } from './cluster-tls.ts';
import { httpOptions } from './http-options.ts';
import { metadata } from './metadata.ts';

/** Istio's limits where a rule names none: as good as unlimited, for the application has its own. */
const UNLIMITED = 4_294_967_295;
const ORIGINAL_DESTINATION = {
  clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.ORIGINAL_DST },
} as const;
const PROVIDED = { lbPolicy: Cluster_LbPolicy.CLUSTER_PROVIDED } as const;

export function generateCluster(input: ClusterInput): Cluster {
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

function outboundCluster(input: OutboundClusterInput): Cluster {
  const { service, subset } = input;
  const found = { services: [{ host: service.host, name: service.name, namespace: service.namespace }] };
  const origin = metadata(input.provenance, { ...found, ...(subset && { subset }) });
  return create(ClusterSchema, {
    name: input.name,
    ...discovery(input),
    ...(input.discovery.kind === 'original-destination' ? PROVIDED : balancing(input.loadBalancer)),
    connectTimeout: msToDuration(input.connectionPool.connectTimeoutMs),
    circuitBreakers: circuitBreakers(input.connectionPool),
    typedExtensionProtocolOptions: httpOptions(input.http, input.connectionPool),
    ...(input.outlierDetection && { outlierDetection: outlierDetection(input.outlierDetection) }),
    commonLbConfig: { healthyPanicThreshold: { value: input.outlierDetection?.minHealthPercent ?? 0 } },
    ...clusterTls(input.tls, input.http === 'http2'),
    ...(origin && { metadata: origin }),
  });
}

function inboundCluster(input: InboundClusterInput): Cluster {
  const pool = { connectTimeoutMs: input.connectTimeoutMs };
  return create(ClusterSchema, {
    name: input.name,
    ...(input.app
      ? {
          clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.STATIC },
          loadAssignment: assignment(input.name, [{ ...input.app, weight: 0 }]),
        }
      : { ...ORIGINAL_DESTINATION, ...PROVIDED, ...boundTo(INBOUND_SOURCE) }),
    connectTimeout: msToDuration(input.connectTimeoutMs),
    circuitBreakers: circuitBreakers(pool),
    typedExtensionProtocolOptions: httpOptions(input.http, pool),
  });
}

function passthroughCluster(input: PassthroughClusterInput): Cluster {
  const pool = { connectTimeoutMs: input.connectTimeoutMs };
  return create(ClusterSchema, {
    name: input.name,
    ...ORIGINAL_DESTINATION,
    ...PROVIDED,
    ...(input.from && boundTo(input.from)),
    connectTimeout: msToDuration(input.connectTimeoutMs),
    circuitBreakers: circuitBreakers(pool),
    typedExtensionProtocolOptions: httpOptions('as-received', pool),
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
  if (input.discovery.kind === 'original-destination') return ORIGINAL_DESTINATION;
  return {
    clusterDiscoveryType: { case: 'type' as const, value: Cluster_DiscoveryType.STRICT_DNS },
    dnsRefreshRate: msToDuration(60_000),
    respectDnsTtl: true,
    loadAssignment: assignment(input.name, input.discovery.endpoints),
  };
}

function assignment(
  clusterName: string,
  endpoints: readonly (SocketAddress & DnsEndpointInput)[],
): ClusterLoadAssignment {
  const lbEndpoints = endpoints.map(({ host, port, weight }) => ({
    hostIdentifier: { case: 'endpoint' as const, value: { address: address({ host, port }) } },
    ...(weight > 0 && { loadBalancingWeight: weight }),
  }));
  return create(ClusterLoadAssignmentSchema, { clusterName, endpoints: [{ lbEndpoints }] });
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

function circuitBreakers(pool: ConnectionPoolInput) {
  const thresholds = {
    maxConnections: pool.maxConnections ?? UNLIMITED,
    maxPendingRequests: pool.maxPendingRequests ?? UNLIMITED,
    maxRequests: pool.maxRequests ?? UNLIMITED,
    maxRetries: pool.maxRetries ?? UNLIMITED,
    trackRemaining: true,
  };
  return { thresholds: [thresholds] };
}

/** Only what the rule names is enforced, as in Istio: success rates are not. */
function outlierDetection(input: OutlierDetectionInput): OutlierDetection {
  return create(OutlierDetectionSchema, {
    ...(input.consecutive5xx !== undefined && {
      consecutive5xx: input.consecutive5xx,
      enforcingConsecutive5xx: input.consecutive5xx > 0 ? 100 : 0,
    }),
    ...(input.consecutiveGatewayErrors !== undefined && {
      consecutiveGatewayFailure: input.consecutiveGatewayErrors,
      enforcingConsecutiveGatewayFailure: input.consecutiveGatewayErrors > 0 ? 100 : 0,
    }),
    ...(input.intervalMs !== undefined && { interval: msToDuration(input.intervalMs) }),
    ...(input.baseEjectionTimeMs !== undefined && { baseEjectionTime: msToDuration(input.baseEjectionTimeMs) }),
    ...(input.maxEjectionPercent !== undefined && { maxEjectionPercent: input.maxEjectionPercent }),
    enforcingSuccessRate: 0,
  });
}
