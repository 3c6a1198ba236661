// Says why an identity or a certificate is refused. Messages never carry keys or tokens.

export type IdentityErrorCode =
  /** The caller's token or certificate is not good. */
  | 'BAD_PROOF'
  /** The signing request can't be read, is too large, or its signature is wrong. */
  | 'BAD_CSR'
  /** The key is of a kind or size that we do not certify. */
  | 'BAD_KEY'
  /** The lifetime is not positive, or longer than the most that is allowed. */
  | 'BAD_TTL'
  /** The identity is of another trust domain, or can't stand in a SPIFFE ID. */
  | 'BAD_IDENTITY'
  /** What was served as the roots of a trust domain can't be read. */
  | 'BAD_BUNDLE'
  /** The authority's own files are missing, unreadable, or do not fit together. */
  | 'BAD_AUTHORITY';

export class IdentityError extends Error {
  override readonly name = 'IdentityError';
  readonly code: IdentityErrorCode;

  constructor(code: IdentityErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
