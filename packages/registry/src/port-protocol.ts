// The protocol of a port from what its author wrote: appProtocol first, then the prefix of its name.
// https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/
import type { Protocol } from './service.ts';

const PROTOCOLS: Readonly<Record<string, Protocol>> = {
  http: 'http',
  http2: 'http2',
  h2c: 'http2',
  'kubernetes.io/h2c': 'http2',
  'kubernetes.io/ws': 'http',
  grpc: 'grpc',
  'grpc-web': 'grpc-web',
  https: 'https',
  tls: 'tls',
  tcp: 'tcp',
  udp: 'udp',
  mongo: 'mongo',
  mysql: 'mysql',
  redis: 'redis',
};

/** What Kubernetes says of a service's port. `name` is `PROTOCOL` or `PROTOCOL-suffix`. */
export interface PortWords {
  readonly name?: string;
  readonly appProtocol?: string;
  /** The transport: `TCP`, `UDP`. */
  readonly protocol?: string;
}

/** Reads a port's protocol; `tcp` when nothing names one. */
export function portProtocol(words: PortWords): Protocol {
  return namedProtocol(words) ?? 'tcp';
}

/** The protocol that its author named, if any. */
export function namedProtocol(words: PortWords): Protocol | undefined {
  if (words.protocol?.toUpperCase() === 'UDP') return 'udp';
  const said = PROTOCOLS[words.appProtocol?.toLowerCase() ?? ''];
  if (said) return said;
  const name = words.name?.toLowerCase() ?? '';
  if (name === 'grpc-web' || name.startsWith('grpc-web-')) return 'grpc-web';
  return PROTOCOLS[name.split('-', 1)[0]!];
}
