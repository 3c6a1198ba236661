// Adds to a cluster what holds for calls to it: mutual TLS, and the DestinationPolicy of its host and version.
import { parseDuration } from '@meltemi/base';
import type { DestinationPolicy } from '@meltemi/config';
import type { CircuitBreakerDocument, ClusterDocument, OutlierDetectionDocument } from './documents.ts';
import type { Instance } from './instance.ts';
import { compact } from './json-text.ts';
import { CERTIFICATE_FILES } from './tls-files.ts';
import type { V1Cluster } from './v1-cluster.ts';
import { policyFor } from './v1-rules.ts';
import type { V1World } from './v1-world.ts';

type SimpleCircuitBreaker = NonNullable<NonNullable<DestinationPolicy['circuitBreaker']>['simpleCb']>;

/** `instances`: what the calling proxy stands before. */
export function withPolicy(
  world: V1World,
  { document, outbound }: V1Cluster,
  instances: readonly Instance[],
): ClusterDocument {
  if (!outbound) return document;
  const passes = document.type === 'original_dst';
  const policy = policyFor(world.rules, outbound.host, outbound.labels, instances);
  const breaker = policy?.circuitBreaker?.simpleCb;
  return inOrder({
    ...document,
    ...(world.mesh.mutualTls && outbound.inMesh && { ssl_context: clientTls(world, outbound.host) }),
    ...(policy?.loadBalancing?.name && !passes && { lb_type: BALANCERS[policy.loadBalancing.name] }),
    ...(breaker && breakers(breaker)),
  });
}

const BALANCERS = { ROUND_ROBIN: 'round_robin', LEAST_CONN: 'least_request', RANDOM: 'random' } as const;

/** Envoy's default, said by Pilot where a rule says nothing. */
const MAX_EJECTION_PERCENT = 10;

function clientTls(world: V1World, host: string) {
  const service = world.serviceByHost.get(host);
  const names = (service?.writtenAccounts ?? []).map(
    (account) => `spiffe://${world.trustDomain}/ns/${service!.namespace}/sa/${account}`,
  );
  return { ...CERTIFICATE_FILES, verify_subject_alt_name: names };
}

/** Envoy's circuit breaker bounds what is under way; its outlier detection is what breaks the circuit to one endpoint. */
function breakers(breaker: SimpleCircuitBreaker): Partial<ClusterDocument> {
  return compact<Partial<ClusterDocument>>({
    max_requests_per_connection: positive(breaker.httpMaxRequestsPerConnection),
    circuit_breakers: {
      default: compact<CircuitBreakerDocument>({
        max_connections: positive(breaker.maxConnections),
        max_pending_requests: positive(breaker.httpMaxPendingRequests),
        max_requests: positive(breaker.httpMaxRequests),
        max_retries: positive(breaker.httpMaxRetries),
      }),
    },
    outlier_detection: compact<OutlierDetectionDocument>({
      consecutive_5xx: positive(breaker.httpConsecutiveErrors),
      interval_ms: positive(parseDuration(breaker.httpDetectionInterval ?? '0')),
      base_ejection_time_ms: positive(parseDuration(breaker.sleepWindow ?? '0')),
      max_ejection_percent: positive(breaker.httpMaxEjectionPercent) ?? MAX_EJECTION_PERCENT,
    }),
  });
}

function positive(value: number | undefined): number | undefined {
  return value === undefined || value <= 0 ? undefined : value;
}

function inOrder(cluster: ClusterDocument): ClusterDocument {
  return compact<ClusterDocument>({
    name: cluster.name,
    service_name: cluster.service_name,
    connect_timeout_ms: cluster.connect_timeout_ms,
    type: cluster.type,
    lb_type: cluster.lb_type,
    max_requests_per_connection: cluster.max_requests_per_connection,
    hosts: cluster.hosts,
    ssl_context: cluster.ssl_context,
    features: cluster.features,
    circuit_breakers: cluster.circuit_breakers,
    outlier_detection: cluster.outlier_detection,
  });
}
