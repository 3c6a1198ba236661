// Serves what to trust to every agent as secrets (SDS): now, and again within a moment of each change.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/security/secret
import { create } from '@bufbuild/protobuf';
import type { ServerDuplexStream, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { packAny, TYPE_URL } from '@meltemi/api';
import { SecretSchema } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import {
  type DiscoveryRequest,
  type DiscoveryResponse,
  DiscoveryResponseSchema,
} from '@meltemi/api/envoy/service/discovery/v3/discovery_pb';
import { SecretDiscoveryService } from '@meltemi/api/envoy/service/secret/v3/sds_pb';
import type { Logger } from '@meltemi/base';
import { grpcService } from '@meltemi/rpc';
import type { Attestor } from './attestor.ts';
import { callerProof } from './caller-proof.ts';
import type { CertificateAuthority } from './certificate-authority.ts';
import { type Trust, TRUST_SECRET } from './trust.ts';

export interface TrustServiceOptions {
  readonly authority: Pick<CertificateAuthority, 'trust' | 'watch'>;
  readonly attestor: Attestor;
  readonly logger: Logger;
}

/** As `serveGrpc` takes it among its `services`. */
export interface TrustService {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

type Call = ServerDuplexStream<DiscoveryRequest, DiscoveryResponse>;

const NOT_AUTHENTICATED = { code: 16, details: 'not authenticated' };

/** Whoever has an identity may know what to trust. Each stream gets the newest trust; what came between is left out. */
export function trustService(options: TrustServiceOptions): TrustService {
  return {
    definition: grpcService(SecretDiscoveryService),
    implementation: { StreamSecrets: (call: Call) => void serve(call, options) },
  };
}

async function serve(call: Call, { authority, attestor, logger }: TrustServiceOptions): Promise<void> {
  const log = logger.named('ca');
  try {
    if (!(await attestor.attest(callerProof(call)))) return fail(call);
  } catch (error) {
    log.warn(
      `no trust for a caller at ${call.getPeer()}: ${error instanceof Error ? error.message : 'unknown failure'}`,
    );
    return fail(call);
  }
  stream(call, authority, (refusal) => log.warn(`${call.getPeer()} refused what to trust: ${refusal}`));
}

function fail(call: Call): void {
  call.emit('error', NOT_AUTHENTICATED);
}

function stream(call: Call, authority: TrustServiceOptions['authority'], onRefused: (refusal: string) => void): void {
  let version = 0;
  let subscribed = false;
  const push = () => {
    version++;
    call.write(response(authority.trust, String(version)));
  };
  const stop = authority.watch(() => subscribed && push());
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

function response(trust: Trust, version: string): DiscoveryResponse {
  return create(DiscoveryResponseSchema, {
    versionInfo: version,
    nonce: version,
    typeUrl: TYPE_URL.SDS,
    resources: [
      secret(TRUST_SECRET.trusted, trust.roots, trust.revocationLists),
      secret(TRUST_SECRET.tainted, trust.tainted, ''),
    ],
  });
}

function secret(name: string, roots: string, lists: string) {
  const value = { trustedCa: inline(roots), ...(lists !== '' && { crl: inline(lists) }) };
  return packAny(SecretSchema, create(SecretSchema, { name, type: { case: 'validationContext', value } }));
}

function inline(pem: string) {
  return { specifier: { case: 'inlineBytes' as const, value: Buffer.from(pem) } };
}
