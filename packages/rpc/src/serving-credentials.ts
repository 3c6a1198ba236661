// TLS credentials of a gRPC server: clients may show a certificate, and the server's own can be renewed while it serves.
import { ServerCredentials } from '@grpc/grpc-js';

/** PEM: the leaf first. */
export interface ServingPair {
  readonly key: string;
  readonly certificateChain: string;
}

/** With `clientRoots` (PEM) a client may show a certificate; whether it chains to them is the call's to check. */
export interface GrpcServerTls extends ServingPair {
  readonly clientRoots?: string;
}

/** grpc-js asks for a client's certificate only when it also insists on one; ours asks, and the call sees one that verified. */
export class ServingCredentials extends ServerCredentials {
  #clientRoots: string | undefined;

  constructor(tls: GrpcServerTls) {
    super(
      { requestCert: tls.clientRoots !== undefined, rejectUnauthorized: false },
      secureContext(tls, tls.clientRoots),
    );
    this.#clientRoots = tls.clientRoots;
  }

  /** New connections get the new pair, and their certificates are measured by the new roots, if given; those that are open go on. */
  renew(pair: ServingPair, clientRoots = this.#clientRoots): void {
    this.#clientRoots = clientRoots;
    this.updateSecureContextOptions(secureContext(pair, this.#clientRoots));
  }

  _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

function secureContext(pair: ServingPair, clientRoots: string | undefined) {
  return { key: pair.key, cert: pair.certificateChain, ...(clientRoots !== undefined && { ca: clientRoots }) };
}
