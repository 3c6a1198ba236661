// What a server of a Gateway does with connections, as far as it is carried out.
import type { Gateway, GatewayServer, LocatedResource } from '@meltemi/config';
import type { ProxyScope } from '../scope.ts';

/** A server with the gateway that it is of. */
export interface BoundServer {
  readonly gateway: LocatedResource<Gateway>;
  readonly server: GatewayServer;
}

/**
 * http: requests are routed, TLS may end here. tcp: bytes in plaintext. terminated: TLS ends here, its bytes go on.
 * passthrough: TLS is not touched, the name in the client's hello routes it.
 */
export type ServerKind = 'http' | 'tcp' | 'terminated' | 'passthrough';

const HTTP: ReadonlySet<string> = new Set(['HTTP', 'HTTP2', 'GRPC', 'GRPC-WEB']);
const TCP: ReadonlySet<string> = new Set(['TCP', 'MONGO', 'MYSQL', 'REDIS']);

/** Undefined: it is not opened. */
export function serverKind({ port, tls }: GatewayServer): ServerKind | undefined {
  const protocol = serverProtocol(port);
  const secure = protocol === 'HTTPS' || protocol === 'TLS';
  if (HTTP.has(protocol)) return 'http';
  if (TCP.has(protocol) && !tls?.mode) return 'tcp';
  if (secure && tls?.mode === 'PASSTHROUGH') return 'passthrough';
  // By files: secrets by name have no server here.
  if (!tls?.serverCertificate || !tls.privateKey) return undefined;
  if (protocol === 'HTTPS') return 'http';
  return secure || TCP.has(protocol) ? 'terminated' : undefined;
}

/** In capitals; HTTP where none is written. */
export function serverProtocol(port: GatewayServer['port']): string {
  return port.protocol?.toUpperCase() ?? 'HTTP';
}

/** True where only a certificate is missing. */
export function wantsCertificate({ port, tls }: GatewayServer): boolean {
  const protocol = serverProtocol(port);
  return protocol === 'HTTPS' || protocol === 'TLS' || (TCP.has(protocol) && tls?.mode !== undefined);
}

/** All servers of the proxy's gateways. */
export function boundServers(scope: ProxyScope): BoundServer[] {
  return scope.gateways.flatMap((gateway) => gateway.spec.servers.map((server) => ({ gateway, server })));
}
