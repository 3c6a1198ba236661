// Serves what to trust to every agent as secrets (SDS): now, and again within a moment of each change.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/security/secret
import { create } from '@bufbuild/protobuf';
import { packAny, TYPE_URL } from '@meltemi/api';
import { SecretSchema } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import {
  type DiscoveryRequest,
  type DiscoveryResponse,
  DiscoveryResponseSchema,
} from '@meltemi/api/envoy/service/discovery/v3/discovery_pb';
import { SecretDiscoveryService } from '@meltemi/api/envoy/service/secret/v3/sds_pb';
import type { Logger } from '@meltemi/base';
import { type GrpcCall, type GrpcService, grpcService } from '@meltemi/rpc';
import type { Attestor } from './attestor.ts';
import { callerProof } from './caller-proof.ts';
import type { CertificateAuthority } from './certificate-authority.ts';
import type { FederatedBundles } from './federated-bundles.ts';
import { spiffeValidator } from './spiffe-validator.ts';
import { type Trust, type TrustBundle, TRUST_SECRET } from './trust.ts';

export interface TrustServiceOptions {
  readonly authority: Pick<CertificateAuthority, 'trust' | 'watch'>;
  readonly attestor: Attestor;
  readonly logger: Logger;
  /** The roots of each trust domain, where there are several. */
  readonly bundles?: Pick<FederatedBundles, 'current' | 'watch'>;
}

type Call = GrpcCall<DiscoveryRequest, DiscoveryResponse>;

const NOT_AUTHENTICATED = { code: 16, details: 'not authenticated' };

/** Whoever has an identity may know what to trust. Each stream gets the newest trust; what came between is left out. */
export function trustService(options: TrustServiceOptions): GrpcService {
  return {
    definition: grpcService(SecretDiscoveryService),
    implementation: { StreamSecrets: (call: Call) => void serve(call, options) },
  };
}

async function serve(call: Call, { authority, attestor, logger, bundles }: TrustServiceOptions): Promise<void> {
  const log = logger.named('ca');
  try {
    if (!(await attestor.attest(callerProof(call)))) return fail(call);
  } catch (error) {
    log.warn(
      `no trust for a caller at ${call.getPeer()}: ${error instanceof Error ? error.message : 'unknown failure'}`,
    );
    return fail(call);
  }
  const told: ToldTrust = {
    response: (version) => response(authority.trust, bundles?.current ?? [], version),
    watches: [authority, ...(bundles ? [bundles] : [])],
  };
  stream(call, told, (refusal) => log.warn(`${call.getPeer()} refused what to trust: ${refusal}`));
}

function fail(call: Call): void {
  call.emit('error', NOT_AUTHENTICATED);
}

interface ToldTrust {
  response(version: string): DiscoveryResponse;
  readonly watches: readonly { watch(watcher: () => void): () => void }[];
}

function stream(call: Call, told: ToldTrust, onRefused: (refusal: string) => void): void {
  let version = 0;
  let subscribed = false;
  const push = () => {
    version++;
    call.write(told.response(String(version)));
  };
  const stops = told.watches.map((each) => each.watch(() => subscribed && push()));
  const stop = () => stops.forEach((end) => end());
  call.once('close', stop);
  call.once('cancelled', stop);
  call.on('error', stop);
  call.once('end', () => {
    stop();
    call.end();
  });
  call.on('data', ({ errorDetail }: DiscoveryRequest) => {
    if (errorDetail) onRefused(errorDetail.message);
    if (subscribed) return;
    subscribed = true;
    push();
  });
}

function response(trust: Trust, bundles: readonly TrustBundle[], version: string): DiscoveryResponse {
  return create(DiscoveryResponseSchema, {
    versionInfo: version,
    nonce: version,
    typeUrl: TYPE_URL.SDS,
    resources: [
      secret(TRUST_SECRET.trusted, trust.roots, trust.revocationLists, bundles),
      secret(TRUST_SECRET.tainted, trust.tainted, '', []),
    ],
  });
}

function secret(name: string, roots: string, lists: string, bundles: readonly TrustBundle[]) {
  const value = { trustedCa: inline(roots), ...(lists !== '' && { crl: inline(lists) }), ...spiffeValidator(bundles) };
  return packAny(SecretSchema, create(SecretSchema, { name, type: { case: 'validationContext', value } }));
}

function inline(pem: string) {
  return { specifier: { case: 'inlineBytes' as const, value: Buffer.from(pem) } };
}
