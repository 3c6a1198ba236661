// Workload identity: attest → csr → sign → issue → rotate.
export { type Attestor, type CallerProof, firstAttestor } from './attestor.ts';
export { callerProof, type ProvenCall } from './caller-proof.ts';
export { certificateAttestor } from './certificate-attestor.ts';
export {
  type CertificateAuthority,
  type CertificateAuthorityOptions,
  type IssuedCertificate,
  openCertificateAuthority,
} from './certificate-authority.ts';
export { certificateRequest, type CertificateRequest } from './certificate-request.ts';
export { type CertificateService, certificateService, type CertificateServiceOptions } from './certificate-service.ts';
export { IdentityError, type IdentityErrorCode } from './identity-error.ts';
export {
  keepServerCertificate,
  type KeyPair,
  type ServerCertificate,
  type ServerCertificateOptions,
} from './server-certificate.ts';
export { type Identity, parseSpiffeId, spiffeId } from './spiffe-id.ts';
export { tokenAttestor, type TokenAttestorOptions } from './token-attestor.ts';
