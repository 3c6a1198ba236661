// Says why a service that the proxy is to call can't be called as configured.

export type CallConfigErrorCode = 'UNSUPPORTED_SERVICE' | 'UNSUPPORTED_FIELD' | 'BAD_VALUE';

/** The xDS client refuses the resource with this message. */
export class CallConfigError extends Error {
  readonly code: CallConfigErrorCode;

  constructor(code: CallConfigErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
