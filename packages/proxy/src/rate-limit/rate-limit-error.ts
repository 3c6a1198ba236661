// Says why a rate limit of the configuration can't be honoured.

export type RateLimitErrorCode = 'BAD_TOKEN_BUCKET' | 'BAD_DESCRIPTOR';

/** The xDS client refuses the listener or the routes with this message. */
export class RateLimitError extends Error {
  override readonly name = 'RateLimitError';
  readonly code: RateLimitErrorCode;

  constructor(code: RateLimitErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
