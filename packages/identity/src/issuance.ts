// One request for a certificate: proof → identity → key → certificate, and one line of the audit log whatever comes of it.
import type { Clock, Logger } from '@meltemi/base';
import type { Attestor } from './attestor.ts';
import type { AuthorityCounter, AuthorityMetrics } from './authority-metrics.ts';
import { callerProof, type ProvenCall } from './caller-proof.ts';
import type { CertificateAuthority, IssuedCertificate } from './certificate-authority.ts';
import { IdentityError, type IdentityErrorCode } from './identity-error.ts';
import type { IssuanceLog, IssuedEntry } from './issuance-log.ts';
import { type Identity, spiffeId } from './spiffe-id.ts';

export interface IssuanceOptions {
  readonly authority: CertificateAuthority;
  readonly attestor: Attestor;
  /** Every certificate, issued or refused, is one line of its part `ca`. */
  readonly logger: Logger;
  readonly clock: Clock;
  /** Where issued certificates are remembered. */
  readonly log: Pick<IssuanceLog, 'record'>;
  readonly metrics?: AuthorityMetrics;
  /** When the caller names no lifetime; the authority's longest by default. */
  readonly defaultTtlMs?: number;
}

/** What a caller wants; who it is, its proof says. */
export interface WantedCertificate {
  /** PEM. */
  readonly csr: string;
  /** 0: as long as is usual. */
  readonly ttlMs: number;
  /** Whether it asks in another's name. */
  readonly impersonates: boolean;
}

/** gRPC's. Callers learn only the kind of a refusal; the reason goes to the log. https://grpc.io/docs/guides/status-codes/ */
export interface RefusalStatus {
  readonly code: number;
  readonly details: string;
}

export type Issuance = { readonly issued: IssuedCertificate } | { readonly refused: RefusalStatus };

type Call = ProvenCall & { getPeer(): string };

const STATUS: Readonly<Record<IdentityErrorCode, RefusalStatus>> = {
  BAD_PROOF: { code: 16, details: 'not authenticated' },
  BAD_CSR: { code: 3, details: 'the request cannot be signed' },
  BAD_KEY: { code: 3, details: 'the request cannot be signed' },
  BAD_TTL: { code: 3, details: 'the request cannot be signed' },
  BAD_IDENTITY: { code: 7, details: 'not allowed' },
  BAD_BUNDLE: { code: 14, details: 'cannot sign now' },
  BAD_AUTHORITY: { code: 14, details: 'cannot sign now' },
};
/** What a refusal counts as. */
const COUNTER: Readonly<Record<IdentityErrorCode, AuthorityCounter>> = {
  BAD_PROOF: 'citadel_server_authentication_failure_count',
  BAD_CSR: 'citadel_server_csr_parsing_err_count',
  BAD_KEY: 'citadel_server_csr_parsing_err_count',
  BAD_TTL: 'citadel_server_csr_sign_err_count',
  BAD_IDENTITY: 'citadel_server_csr_sign_err_count',
  BAD_BUNDLE: 'citadel_server_csr_sign_err_count',
  BAD_AUTHORITY: 'citadel_server_csr_sign_err_count',
};
const INTERNAL: RefusalStatus = { code: 13, details: 'internal error' };

/** Answers requests of one server. Who asks is what it gets: names in the request are never read. */
export function issuer(options: IssuanceOptions): (call: Call, wanted: WantedCertificate) => Promise<Issuance> {
  const logger = options.logger.named('ca');
  const { metrics } = options;
  return async (call, wanted) => {
    metrics?.count('citadel_server_csr_count');
    let identity: Identity | undefined;
    try {
      identity = await authenticate(options.attestor, call);
      const issued = await issue(options, identity, wanted);
      options.log.record(entryOf(identity, issued, call.getPeer(), options.clock.now()));
      logger.info(`issued ${describe(identity, issued)} to ${call.getPeer()}`);
      metrics?.count('citadel_server_success_cert_issuance_count');
      return { issued };
    } catch (error) {
      logger.warn(`refused ${identity ? spiffeId(identity) : 'a caller'} at ${call.getPeer()}: ${reason(error)}`);
      metrics?.count(COUNTER[error instanceof IdentityError ? error.code : 'BAD_AUTHORITY']);
      return { refused: error instanceof IdentityError ? STATUS[error.code] : INTERNAL };
    }
  };
}

async function authenticate(attestor: Attestor, call: Call): Promise<Identity> {
  const identity = await attestor.attest(callerProof(call));
  if (!identity) throw new IdentityError('BAD_PROOF', 'nothing shown that proves an identity');
  return identity;
}

async function issue(
  { authority, defaultTtlMs = authority.maxTtlMs }: IssuanceOptions,
  identity: Identity,
  { csr, ttlMs, impersonates }: WantedCertificate,
): Promise<IssuedCertificate> {
  if (impersonates) throw new IdentityError('BAD_IDENTITY', 'impersonation is not allowed');
  const publicKey = await authority.requestedKey(csr);
  return authority.issue({ publicKey, identity, ttlMs: ttlMs === 0 ? defaultTtlMs : ttlMs });
}

function entryOf(
  identity: Identity,
  { serialNumber, notAfter }: IssuedCertificate,
  caller: string,
  issuedAt: number,
): IssuedEntry {
  return { serialNumber, identity: spiffeId(identity), caller, issuedAt, notAfter };
}

function describe(identity: Identity, { serialNumber, notAfter }: IssuedCertificate): string {
  return `${spiffeId(identity)} serial ${serialNumber} until ${new Date(notAfter).toISOString()}`;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown failure';
}
