// ConnectionPoolInput, OutlierDetectionInput → what a cluster allows its connections, and when it leaves a host alone.
import { create } from '@bufbuild/protobuf';
import { UpstreamConnectionOptionsSchema } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import {
  type OutlierDetection,
  OutlierDetectionSchema,
} from '@meltemi/api/envoy/config/cluster/v3/outlier_detection_pb';
import { TcpKeepaliveSchema } from '@meltemi/api/envoy/config/core/v3/address_pb';
import { msToDuration } from '@meltemi/base';
import type { ConnectionPoolInput, OutlierDetectionInput } from '../input/cluster-input.ts';

/** Istio's limits where a rule names none: as good as unlimited, for the application has its own. */
const UNLIMITED = 4_294_967_295;

export function keepAlive({ keepAlive: said }: ConnectionPoolInput) {
  if (!said) return {};
  const seconds = (ms: number | undefined) => (ms === undefined ? undefined : Math.trunc(ms / 1000));
  const tcpKeepalive = {
    keepaliveProbes: said.probes,
    keepaliveTime: seconds(said.idleMs),
    keepaliveInterval: seconds(said.intervalMs),
  };
  return {
    upstreamConnectionOptions: create(UpstreamConnectionOptionsSchema, {
      tcpKeepalive: create(TcpKeepaliveSchema, defined(tcpKeepalive)),
    }),
  };
}

function defined(fields: Readonly<Record<string, number | undefined>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(fields).filter((field): field is [string, number] => field[1] !== undefined),
  );
}

export function circuitBreakers(pool: ConnectionPoolInput) {
  const thresholds = {
    maxConnections: pool.maxConnections ?? UNLIMITED,
    maxPendingRequests: pool.maxPendingRequests ?? UNLIMITED,
    maxRequests: pool.maxRequests ?? UNLIMITED,
    maxRetries: pool.maxRetries ?? UNLIMITED,
  };
  return { thresholds: [thresholds] };
}

/** Only what the rule names is enforced, as in Istio: success rates are not. */
export function outlierDetection(input: OutlierDetectionInput): OutlierDetection {
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
    ...localOrigin(input.localOrigin),
  });
}

function localOrigin(input: OutlierDetectionInput['localOrigin']) {
  if (!input) return {};
  const failures = input.consecutiveFailures;
  return {
    splitExternalLocalOriginErrors: true,
    ...(failures > 0 && { consecutiveLocalOriginFailure: failures, enforcingConsecutiveLocalOriginFailure: 100 }),
    enforcingLocalOriginSuccessRate: 0,
  };
}
