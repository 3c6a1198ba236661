// Why an access log can't be built from its configuration.

export type AccessLogErrorCode =
  | 'UNKNOWN_OPERATOR'
  | 'UNSUPPORTED_OPERATOR'
  | 'BAD_ARGUMENT'
  | 'UNCLOSED_OPERATOR'
  | 'UNSUPPORTED_LOG'
  | 'UNSUPPORTED_FILTER'
  | 'UNSUPPORTED_FIELD';

export class AccessLogError extends Error {
  readonly code: AccessLogErrorCode;

  constructor(code: AccessLogErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
