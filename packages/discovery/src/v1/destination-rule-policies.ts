// DestinationRules, for the release that knew both → the DestinationPolicies that say the same.
import { type Labels, resolveHost } from '@meltemi/base';
import type { DestinationPolicy, DestinationRule, LocatedResource, TrafficPolicy } from '@meltemi/config';
import { compact } from './json-text.ts';

type Breaker = NonNullable<NonNullable<DestinationPolicy['circuitBreaker']>['simpleCb']>;
type Balancing = NonNullable<DestinationPolicy['loadBalancing']>;

/** One for the host and one for each subset; a subset's settings stand before the host's. */
export function destinationRulePolicies(
  rules: readonly LocatedResource<DestinationRule>[],
  domain: string,
): readonly LocatedResource<DestinationPolicy>[] {
  return rules.flatMap((rule) => {
    const { host, trafficPolicy = {}, subsets = [] } = rule.spec;
    const service = resolveHost(host, rule.metadata.namespace, domain);
    const parts: readonly { readonly labels: Labels; readonly policy: TrafficPolicy }[] = [
      { labels: {}, policy: trafficPolicy },
      ...subsets.map((subset) => ({
        labels: subset.labels ?? {},
        policy: { ...trafficPolicy, ...subset.trafficPolicy },
      })),
    ];
    return parts.map(({ labels, policy }) => ({ ...rule, spec: policyOf({ service, labels }, policy) }));
  });
}

function policyOf(destination: DestinationPolicy['destination'], policy: TrafficPolicy): DestinationPolicy {
  const simpleCb = breakerOf(policy);
  const name = BALANCERS[policy.loadBalancer?.simple ?? 'UNSPECIFIED'];
  return compact<DestinationPolicy>({
    destination,
    loadBalancing: name && { name },
    circuitBreaker: simpleCb && { simpleCb },
  });
}

const BALANCERS: Readonly<Record<string, NonNullable<Balancing['name']> | undefined>> = {
  ROUND_ROBIN: 'ROUND_ROBIN',
  LEAST_CONN: 'LEAST_CONN',
  LEAST_REQUEST: 'LEAST_CONN',
  RANDOM: 'RANDOM',
};

function breakerOf({ connectionPool, outlierDetection }: TrafficPolicy): Breaker | undefined {
  if (!connectionPool && !outlierDetection) return undefined;
  const { tcp, http } = connectionPool ?? {};
  return compact<Breaker>({
    maxConnections: tcp?.maxConnections,
    httpMaxPendingRequests: http?.http1MaxPendingRequests,
    httpMaxRequests: http?.http2MaxRequests,
    httpMaxRequestsPerConnection: http?.maxRequestsPerConnection,
    httpMaxRetries: http?.maxRetries,
    httpConsecutiveErrors: outlierDetection?.consecutive5xxErrors ?? outlierDetection?.consecutiveErrors,
    httpDetectionInterval: outlierDetection?.interval,
    sleepWindow: outlierDetection?.baseEjectionTime,
    httpMaxEjectionPercent: outlierDetection?.maxEjectionPercent,
  });
}
