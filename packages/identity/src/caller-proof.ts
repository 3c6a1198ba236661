// Turns a gRPC call into the proof that its caller shows: bearer token and client certificate.
import type { Metadata } from '@grpc/grpc-js';
import type { CallerProof } from './attestor.ts';

/** The part of a gRPC server's call that carries proof. */
export interface ProvenCall {
  readonly metadata: Metadata;
  getAuthContext(): { readonly sslPeerCertificate?: { readonly raw: Buffer } };
}

/** Reads the proof. A call shows a peer certificate only when TLS verified it against the server's client roots. */
export function callerProof(call: ProvenCall): CallerProof {
  const [authorization] = call.metadata.get('authorization');
  const certificate = call.getAuthContext().sslPeerCertificate?.raw;
  return {
    ...(typeof authorization === 'string' && { authorization }),
    ...(certificate && { peerCertificate: certificate }),
  };
}
