// One DestinationPolicy → the traffic policy that it asks for.
import type { DestinationPolicy, SimpleCircuitBreaker } from '../model/route-rule.ts';
import type { ConnectionPool, OutlierDetection, SimpleLoadBalancer, TrafficPolicy } from '../model/destination-rule.ts';
import { defined } from './defined.ts';

const LOAD_BALANCER: Readonly<Record<string, SimpleLoadBalancer>> = {
  ROUND_ROBIN: 'ROUND_ROBIN',
  LEAST_CONN: 'LEAST_REQUEST',
  RANDOM: 'RANDOM',
};

/** Undefined where it asks for nothing. */
export function destinationPolicyToTraffic(policy: DestinationPolicy): TrafficPolicy | undefined {
  const simple = policy.loadBalancing?.name && LOAD_BALANCER[policy.loadBalancing.name];
  const breaker = policy.circuitBreaker?.simpleCb;
  const traffic = defined<TrafficPolicy>({
    loadBalancer: simple && { simple },
    connectionPool: breaker && connectionPoolOf(breaker),
    outlierDetection: breaker && outlierDetectionOf(breaker),
  });
  return somethingOf(traffic);
}

function somethingOf<Said extends object>(said: Said): Said | undefined {
  return Object.keys(said).length > 0 ? said : undefined;
}

function connectionPoolOf(breaker: SimpleCircuitBreaker): ConnectionPool | undefined {
  const http = defined({
    http1MaxPendingRequests: breaker.httpMaxPendingRequests,
    http2MaxRequests: breaker.httpMaxRequests,
    maxRequestsPerConnection: breaker.httpMaxRequestsPerConnection,
    maxRetries: breaker.httpMaxRetries,
  });
  return somethingOf(
    defined<ConnectionPool>({
      tcp: breaker.maxConnections === undefined ? undefined : { maxConnections: breaker.maxConnections },
      http: somethingOf(http),
    }),
  );
}

function outlierDetectionOf(breaker: SimpleCircuitBreaker): OutlierDetection | undefined {
  const detection = defined<OutlierDetection>({
    consecutive5xxErrors: breaker.httpConsecutiveErrors,
    interval: breaker.httpDetectionInterval,
    baseEjectionTime: breaker.sleepWindow,
    maxEjectionPercent: breaker.httpMaxEjectionPercent,
  });
  return somethingOf(detection);
}
