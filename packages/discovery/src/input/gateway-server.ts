// What a server of a Gateway does with connections, as far as it is carried out.
import type { Gateway, GatewayServer, LocatedResource, ServerTls } from '@meltemi/config';
import type { ProxyScope } from '../scope.ts';
import { listenPorts } from './gateway-ports.ts';

/** A server with the gateway that it is of. */
export interface BoundServer {
  readonly gateway: LocatedResource<Gateway>;
  readonly server: GatewayServer;
  /** The port on which the proxy listens for it. */
  readonly listen: number;
}

/**
 * http: requests are routed, TLS may end here. tcp: bytes in plaintext. terminated: TLS ends here, its bytes go on.
 * passthrough: TLS is not touched, the name in the client's hello routes it. auto-passthrough: the name is the cluster.
 */
export type ServerKind = 'http' | 'tcp' | 'terminated' | 'passthrough' | 'auto-passthrough';

const HTTP: ReadonlySet<string> = new Set(['HTTP', 'HTTP2', 'GRPC', 'GRPC-WEB']);
const TCP: ReadonlySet<string> = new Set(['TCP', 'MONGO', 'MYSQL', 'REDIS']);

/** Where the key and certificate of a server come from. Undefined: nobody said. */
export function certificateOf(tls: ServerTls | undefined): 'files' | 'secret' | 'mesh' | undefined {
  if (tls?.mode === 'AUTO_PASSTHROUGH') return undefined;
  if (tls?.mode === 'ISTIO_MUTUAL') return 'mesh';
  if (tls && credentialNames(tls).length > 0) return 'secret';
  if (tls?.tlsCertificates?.some(({ serverCertificate, privateKey }) => serverCertificate && privateKey))
    return 'files';
  return tls?.serverCertificate && tls.privateKey ? 'files' : undefined;
}

/** Several: of several kinds of keys. */
export function credentialNames({ credentialName = '', credentialNames: several = [] }: ServerTls): readonly string[] {
  return several.length > 0 ? several : credentialName === '' ? [] : [credentialName];
}

/** Undefined: it is not opened. */
export function serverKind({ port, tls }: GatewayServer): ServerKind | undefined {
  const protocol = serverProtocol(port);
  const secure = protocol === 'HTTPS' || protocol === 'TLS';
  if (HTTP.has(protocol)) return 'http';
  if (TCP.has(protocol) && !tls?.mode) return 'tcp';
  if (secure && tls?.mode === 'PASSTHROUGH') return 'passthrough';
  if (secure && tls?.mode === 'AUTO_PASSTHROUGH') return 'auto-passthrough';
  if (!certificateOf(tls)) return undefined;
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

/** All servers of the proxy's gateways that are carried out, the oldest first, whether or not they fit together. */
export function wantedServers(scope: ProxyScope): BoundServer[] {
  return scope.gateways.flatMap((gateway) =>
    gateway.spec.servers
      .filter((server) => serverKind(server) !== undefined)
      .flatMap((server) => {
        const { number } = server.port;
        const ports = scope.redirected ? listenPorts(gateway, number, scope.served) : [number];
        return ports.map((listen) => ({ gateway, server, listen }));
      }),
  );
}

/** True when its certificate comes from the control plane, by name. */
export function needsSecret(server: GatewayServer): boolean {
  return wantsCertificate(server) && server.tls?.mode !== 'PASSTHROUGH' && certificateOf(server.tls) === 'secret';
}
