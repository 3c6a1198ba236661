// Serves istio.v1.auth.IstioCertificateService/CreateCertificate: proof → identity → key → certificate.
import { create } from '@bufbuild/protobuf';
import type { sendUnaryData, ServerUnaryCall, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import {
  type IstioCertificateRequest,
  type IstioCertificateResponse,
  IstioCertificateResponseSchema,
  IstioCertificateService,
} from '@meltemi/api/istio/v1/auth/ca_pb';
import type { Clock, Logger } from '@meltemi/base';
import { grpcService } from '@meltemi/rpc';
import type { Attestor } from './attestor.ts';
import { callerProof } from './caller-proof.ts';
import type { CertificateAuthority, IssuedCertificate } from './certificate-authority.ts';
import { IdentityError, type IdentityErrorCode } from './identity-error.ts';
import { type Identity, spiffeId } from './spiffe-id.ts';

export interface CertificateServiceOptions {
  readonly authority: CertificateAuthority;
  readonly attestor: Attestor;
  /** Every certificate, issued or refused, is one line of its part `ca`. */
  readonly logger: Logger;
  readonly clock: Clock;
  /** When the caller names no lifetime; the authority's longest by default. */
  readonly defaultTtlMs?: number;
}

/** As `serveGrpc` takes it among its `services`. */
export interface CertificateService {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

type Call = ServerUnaryCall<IstioCertificateRequest, IstioCertificateResponse>;

/** Callers learn only the kind of a refusal; the reason goes to the log. Codes: https://grpc.io/docs/guides/status-codes/ */
const STATUS: Readonly<Record<IdentityErrorCode, { readonly code: number; readonly details: string }>> = {
  BAD_PROOF: { code: 16, details: 'not authenticated' },
  BAD_CSR: { code: 3, details: 'the request cannot be signed' },
  BAD_KEY: { code: 3, details: 'the request cannot be signed' },
  BAD_TTL: { code: 3, details: 'the request cannot be signed' },
  BAD_IDENTITY: { code: 7, details: 'not allowed' },
  BAD_AUTHORITY: { code: 14, details: 'cannot sign now' },
};
const INTERNAL = { code: 13, details: 'internal error' };

/** Who asks is what it gets: names in the request are never read. */
export function certificateService(options: CertificateServiceOptions): CertificateService {
  const logger = options.logger.named('ca');
  const answer = async (call: Call, reply: sendUnaryData<IstioCertificateResponse>) => {
    let identity: Identity | undefined;
    try {
      identity = await authenticate(options.attestor, call);
      const issued = await issue(options, identity, call.request);
      logger.info(`issued ${describe(identity, issued)} to ${call.getPeer()}`);
      reply(null, create(IstioCertificateResponseSchema, { certChain: [...issued.chain] }));
    } catch (error) {
      logger.warn(`refused ${identity ? spiffeId(identity) : 'a caller'} at ${call.getPeer()}: ${reason(error)}`);
      reply(error instanceof IdentityError ? STATUS[error.code] : INTERNAL);
    }
  };
  return {
    definition: grpcService(IstioCertificateService),
    implementation: {
      CreateCertificate: (call: Call, reply: sendUnaryData<IstioCertificateResponse>) => void answer(call, reply),
    },
  };
}

async function authenticate(attestor: Attestor, call: Call): Promise<Identity> {
  const identity = await attestor.attest(callerProof(call));
  if (!identity) throw new IdentityError('BAD_PROOF', 'nothing shown that proves an identity');
  return identity;
}

async function issue(
  { authority, defaultTtlMs = authority.maxTtlMs }: CertificateServiceOptions,
  identity: Identity,
  request: IstioCertificateRequest,
): Promise<IssuedCertificate> {
  if (request.metadata?.['ImpersonatedIdentity'] !== undefined) {
    throw new IdentityError('BAD_IDENTITY', 'impersonation is not allowed');
  }
  const publicKey = await authority.requestedKey(request.csr);
  const ttlMs = request.validityDuration === 0n ? defaultTtlMs : Number(request.validityDuration) * 1000;
  return authority.issue({ publicKey, identity, ttlMs });
}

function describe(identity: Identity, { serialNumber, notAfter }: IssuedCertificate): string {
  return `${spiffeId(identity)} serial ${serialNumber} until ${new Date(notAfter).toISOString()}`;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown failure';
}
