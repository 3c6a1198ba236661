// Workload identity: attest → csr → sign → issue → rotate.
export { accountKeys, accountKeysEnd, type AccountKeyPair, type AccountKeysOptions } from './account-keys.ts';
export { type Attestor, type CallerProof, firstAttestor } from './attestor.ts';
export { AuthorityMetrics } from './authority-metrics.ts';
export { authorityProblems } from './authority-problems.ts';
export { bundleApp } from './bundle-app.ts';
export { callerProof, type ProvenCall } from './caller-proof.ts';
export { certificateAttestor } from './certificate-attestor.ts';
export {
  type CertificateAuthority,
  type CertificateAuthorityOptions,
  type IssuedCertificate,
  newRootContent,
  openCertificateAuthority,
} from './certificate-authority.ts';
export { authorityMetricsApp } from './metrics-app.ts';
export { watchAuthority, type WatchAuthorityOptions } from './watch-authority.ts';
export { certificateRequest, type CertificateRequest } from './certificate-request.ts';
export { certificateService, nodeAgentService } from './certificate-service.ts';
export type { IssuanceOptions } from './issuance.ts';
export { IssuanceLog, type IssuedEntry } from './issuance-log.ts';
export {
  type AuthorityCommand,
  authorityCommand,
  AUTHORITY_USAGE,
  AuthorityCommandError,
  type RootStep,
  type ServeCommand,
} from './command-line.ts';
export { type BundleSource, FederatedBundles, type FederatedBundlesOptions } from './federated-bundles.ts';
export { issuedByAny } from './issued-by.ts';
export { createJoinToken, joinTokenAttestor, type NewJoinToken } from './join-tokens.ts';
export { IdentityError, type IdentityErrorCode } from './identity-error.ts';
export {
  readRevocations,
  revokeCertificate,
  revokeIdentity,
  type Revocations,
  type RevokedCertificate,
} from './revocations.ts';
export {
  activateRoot,
  prepareRoot,
  revokeRoot,
  type RootState,
  rootStatus,
  type RootStatus,
  taintRoot,
} from './root-rotation.ts';
export {
  keepServerCertificate,
  type KeyPair,
  type ServerCertificate,
  type ServerCertificateOptions,
} from './server-certificate.ts';
export { type Identity, parseSpiffeId, spiffeId } from './spiffe-id.ts';
export { type ReviewToken, type TokenReview, tokenReviewAttestor } from './token-review-attestor.ts';
export { tokenAttestor, type TokenAttestorOptions } from './token-attestor.ts';
export { parseSpiffeBundle, spiffeBundle, type SpiffeBundle } from './spiffe-bundle.ts';
export { type Trust, type TrustBundle, TRUST_SECRET } from './trust.ts';
export { spiffeValidator, validatedBundles } from './spiffe-validator.ts';
export { trustService, type TrustServiceOptions } from './trust-service.ts';
