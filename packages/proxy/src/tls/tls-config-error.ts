// Says why a TLS context can't be honoured.

export type TlsConfigErrorCode =
  | 'UNSUPPORTED_SAN_TYPE'
  | 'UNSUPPORTED_SAN_MATCHER'
  | 'UNSUPPORTED_TLS_FIELD'
  | 'BAD_SECRET'
  | 'BAD_CERTIFICATE';

/** `code` for programs, `message` for people and the NACK. */
export class TlsConfigError extends Error {
  readonly code: TlsConfigErrorCode;

  constructor(code: TlsConfigErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
