// What a gRPC library's own balancer can carry out of an outbound cluster.
import type { OutboundClusterInput } from '../cluster-input.ts';
import type { LocalityEndpointInput } from '../endpoint-input.ts';

/** https://github.com/grpc/proposal/blob/master/A27-xds-global-load-balancing.md and those after it. */
export interface GrpcClusterInput {
  readonly of: 'grpc';
  readonly name: string;
  /** EDS, or the one endpoint whose name is looked up. */
  readonly lookup: LocalityEndpointInput | undefined;
  readonly loadBalancer: 'round-robin' | 'least-request' | { readonly minimumRingSize: number };
  /** 0: unlimited. */
  readonly maxRequests: number;
  /** Whose certificates are taken; undefined: plaintext. Only a rule that asks for mutual TLS gets it. */
  readonly peers: readonly string[] | undefined;
}

/** Undefined for what no library has: several names to look up, addresses that callers dial. */
export function grpcClusterInput(input: OutboundClusterInput): GrpcClusterInput | undefined {
  const { name, discovery, loadBalancer, connectionPool, tls } = input;
  const [lookup, ...others] = discovery.kind === 'dns' ? discovery.endpoints : [];
  if (discovery.kind === 'original-destination' || others.length > 0) return undefined;
  if (discovery.kind === 'dns' && !lookup) return undefined;
  return {
    of: 'grpc',
    name,
    lookup,
    loadBalancer: balancerOf(loadBalancer),
    maxRequests: connectionPool.maxRequests ?? 0,
    peers: tls.kind === 'mesh' ? tls.subjectAltNames : undefined,
  };
}

/** Of others than these, libraries take the next best: one after the other. */
function balancerOf(input: OutboundClusterInput['loadBalancer']): GrpcClusterInput['loadBalancer'] {
  if (input.kind === 'ring-hash') return { minimumRingSize: input.minimumRingSize };
  return input.kind === 'least-request' ? 'least-request' : 'round-robin';
}
