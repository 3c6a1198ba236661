// What a DestinationRule says of connections and of failing hosts → inputs of a cluster.
import { parseDuration } from '@meltemi/base';
import type { ConnectionPool, OutlierDetection } from '@meltemi/config';
import type { MeshSettings } from '../mesh.ts';
import type { ConnectionPoolInput, HttpVersionInput, OutlierDetectionInput } from './cluster-input.ts';

export function connectionPoolInput(said: ConnectionPool | undefined, mesh: MeshSettings): ConnectionPoolInput {
  const { tcp, http } = said ?? {};
  const tcpKeepalive = tcp?.tcpKeepalive ?? mesh.tcpKeepalive;
  const { probes, time, interval } = tcpKeepalive ?? {};
  const keepAlive = { probes, idleMs: milliseconds(time), intervalMs: milliseconds(interval) };
  return withoutUndefined({
    connectTimeoutMs: milliseconds(tcp?.connectTimeout) ?? mesh.connectTimeoutMs,
    maxConnections: tcp?.maxConnections || undefined,
    maxPendingRequests: http?.http1MaxPendingRequests || undefined,
    maxRequests: http?.http2MaxRequests || undefined,
    maxRequestsPerConnection: http?.maxRequestsPerConnection || undefined,
    maxRetries: http?.maxRetries || undefined,
    idleTimeoutMs: milliseconds(http?.idleTimeout ?? tcp?.idleTimeout),
    maxConnectionDurationMs: milliseconds(tcp?.maxConnectionDuration),
    maxConcurrentStreams: http?.maxConcurrentStreams || undefined,
    keepAlive: tcpKeepalive && withoutUndefined(keepAlive),
  });
}

/** What the rule says of a port's HTTP stands before what the port says of itself. */
export function upgradedVersion(
  version: HttpVersionInput,
  said: ConnectionPool | undefined,
  byMesh: boolean,
): HttpVersionInput {
  if (said?.http?.useClientProtocol) return 'as-received';
  const policy = said?.http?.h2UpgradePolicy ?? 'DEFAULT';
  return policy === 'UPGRADE' || (policy === 'DEFAULT' && byMesh) ? 'http2' : version;
}

export function outlierDetectionInput(said: OutlierDetection): OutlierDetectionInput {
  const local = said.splitExternalLocalOriginErrors === true;
  return withoutUndefined({
    consecutive5xx: said.consecutive5xxErrors ?? said.consecutiveErrors,
    consecutiveGatewayErrors: said.consecutiveGatewayErrors,
    intervalMs: milliseconds(said.interval),
    baseEjectionTimeMs: milliseconds(said.baseEjectionTime),
    maxEjectionPercent: said.maxEjectionPercent || undefined,
    minHealthPercent: said.minHealthPercent,
    localOrigin: local ? { consecutiveFailures: said.consecutiveLocalOriginFailures ?? 0 } : undefined,
  });
}

function milliseconds(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseDuration(text);
}

/** Inputs are compared as JSON, where an absent field and an undefined one are the same. */
function withoutUndefined<Fields extends object>(fields: { [Key in keyof Fields]: Fields[Key] | undefined }): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Fields;
}
