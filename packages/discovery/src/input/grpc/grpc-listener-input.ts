// Turns services into what a gRPC library's client asks for, and a server's ports into what its server asks for.
import type { ServedPort } from '@meltemi/registry';
import type { ProxyScope } from '../../scope.ts';
import type { Snapshot } from '../../snapshot.ts';
import { grpcAuthorization } from '../authorization-input.ts';
import type { AuthorizationInput } from '../authorization-rules.ts';
import { outboundName } from '../cluster-name.ts';
import { mutualTlsModes } from '../mutual-tls-modes.ts';
import { dialledPorts, hostNames, INBOUND_PREFIX, withPort } from './grpc-names.ts';

export type GrpcListenerInput = GrpcClientInput | GrpcServerInput;

export interface GrpcClientInput {
  readonly of: 'grpc-client';
  /** `reviews:9080` */
  readonly name: string;
  readonly routeName: string;
}

export interface GrpcServerInput {
  readonly of: 'grpc-server';
  readonly name: string;
  readonly address: { readonly host: string; readonly port: number };
  /** True: clients show a certificate of the mesh; false: plaintext. No library has both on one port. */
  readonly mutualTls: boolean;
  readonly authorization: AuthorizationInput;
}

/** One for each name of a service: what is asked for must have the name that was asked for. */
export function grpcClientInputs({ visible, node }: ProxyScope, { mesh }: Snapshot): GrpcClientInput[] {
  return dialledPorts(visible.called).flatMap(({ service, port }) =>
    hostNames(service, node.namespace, mesh.domain).map((host) => ({
      of: 'grpc-client' as const,
      name: withPort(host, port.number),
      routeName: outboundName(service.host, port.number),
    })),
  );
}

/** The addresses that servers say that they listen on. */
const ANY_ADDRESS = ['0.0.0.0', '::'];
/** A pod with this label: its clients use mutual TLS by themselves. */
const TLS_MODE = 'security.istio.io/tlsMode';

export function grpcServerInputs(scope: ProxyScope, snapshot: Snapshot): GrpcServerInput[] {
  const ports = new Set(scope.served.map(({ endpoint }: ServedPort) => endpoint.address.port));
  const modes = mutualTlsModes(scope.peerAuthentication, snapshot.mesh.mutualTls);
  const authorization = grpcAuthorization(scope, snapshot.mesh);
  return [...ports].flatMap((port) => {
    const mode = modes.ports.get(port) ?? modes.mode;
    const mutualTls = mode === 'STRICT' || (mode === 'PERMISSIVE' && scope.labels[TLS_MODE] === 'istio');
    return [...new Set([...ANY_ADDRESS, scope.node.address])].map((host) => ({
      of: 'grpc-server' as const,
      name: `${INBOUND_PREFIX}${withPort(host, port)}`,
      address: { host, port },
      mutualTls,
      authorization,
    }));
  });
}
