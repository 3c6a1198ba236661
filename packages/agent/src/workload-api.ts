// Serves the SPIFFE Workload API on the agent's socket: the workload's certificate, key and what to trust, now and at each rotation.
// https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE_Workload_API.md
import { create } from '@bufbuild/protobuf';
import {
  type X509BundlesResponse,
  X509BundlesResponseSchema,
  SpiffeWorkloadAPI,
  type X509SVIDResponse,
  X509SVIDResponseSchema,
} from '@meltemi/api/spiffe/workload_pb';
import { type GrpcCall, type GrpcService, grpcService } from '@meltemi/rpc';
import { derBlocks } from './der-blocks.ts';
import type { SecretStore, WorkloadSecrets } from './secret-store.ts';

export interface WorkloadApiOptions {
  readonly store: SecretStore;
  /** The one identity that is behind the socket. */
  readonly spiffeId: string;
  readonly trustDomain: string;
}

type Stream<Response> = GrpcCall<unknown, Response>;

/** §4.4: a caller that a web page tricked cannot set this header. */
const MARK = 'workload.spiffe.io';
const INVALID_ARGUMENT = { code: 3, details: `security header missing: ${MARK}` };

/** Whoever can open the socket is the workload. JWT-SVIDs are not served. */
export function workloadApi({ store, spiffeId, trustDomain }: WorkloadApiOptions): GrpcService {
  const svids = (secrets: WorkloadSecrets) => svidResponse(secrets, spiffeId, trustDomain);
  const bundles = (secrets: WorkloadSecrets) => bundlesResponse(secrets, trustDomain);
  return {
    definition: grpcService(SpiffeWorkloadAPI),
    implementation: {
      FetchX509SVID: (call: Stream<X509SVIDResponse>) => stream(call, store, svids),
      FetchX509Bundles: (call: Stream<X509BundlesResponse>) => stream(call, store, bundles),
    },
  };
}

/** A stream that opens before the first certificate came waits for it. */
function stream<Response>(
  call: Stream<Response>,
  store: SecretStore,
  response: (secrets: WorkloadSecrets) => Response,
): void {
  if (call.metadata.get(MARK)[0] !== 'true') {
    call.emit('error', INVALID_ARGUMENT);
    return;
  }
  const push = () => {
    if (store.current) call.write(response(store.current));
  };
  const stop = store.watch(push);
  for (const event of ['close', 'cancelled', 'error']) call.once(event, stop);
  push();
}

function svidResponse(secrets: WorkloadSecrets, spiffeId: string, trustDomain: string): X509SVIDResponse {
  const { certificateChain, privateKey, roots, revocationLists } = secrets;
  const svid = {
    spiffeId,
    x509Svid: Buffer.concat(derBlocks(certificateChain, 'CERTIFICATE')),
    x509SvidKey: Buffer.concat(derBlocks(privateKey, 'PRIVATE KEY')),
    bundle: derOf(roots),
  };
  const crl = derBlocks(revocationLists, 'X509 CRL');
  return create(X509SVIDResponseSchema, { svids: [svid], crl, federatedBundles: federated(secrets, trustDomain) });
}

function bundlesResponse(secrets: WorkloadSecrets, trustDomain: string): X509BundlesResponse {
  const { roots, revocationLists } = secrets;
  return create(X509BundlesResponseSchema, {
    crl: derBlocks(revocationLists, 'X509 CRL'),
    bundles: { [`spiffe://${trustDomain}`]: derOf(roots), ...federated(secrets, trustDomain) },
  });
}

/** Those of other trust domains. */
function federated({ bundles }: WorkloadSecrets, own: string): Record<string, Buffer> {
  const others = bundles.filter(({ trustDomain }) => trustDomain !== own);
  return Object.fromEntries(others.map(({ trustDomain, roots }) => [`spiffe://${trustDomain}`, derOf(roots)]));
}

function derOf(roots: string): Buffer {
  return Buffer.concat(derBlocks(roots, 'CERTIFICATE'));
}
