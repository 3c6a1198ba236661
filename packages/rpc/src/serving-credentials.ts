// What a gRPC server shows and asks for in TLS, as Node takes it.
import type { SecureContextOptions } from 'node:tls';

/** PEM: the leaf first. */
export interface ServingPair {
  readonly key: string;
  readonly certificateChain: string;
}

/** With `clientRoots` (PEM) a client may show a certificate; whether it chains to them is the call's to check. */
export interface GrpcServerTls extends ServingPair {
  readonly clientRoots?: string;
}

export function secureContext(pair: ServingPair, clientRoots: string | undefined): SecureContextOptions {
  return { key: pair.key, cert: pair.certificateChain, ...(clientRoots !== undefined && { ca: clientRoots }) };
}
