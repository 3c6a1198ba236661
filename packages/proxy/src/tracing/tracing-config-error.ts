// Says why tracing can't be done as configured.

export type TracingConfigErrorCode = 'UNSUPPORTED_PROVIDER' | 'UNSUPPORTED_TAG' | 'UNSUPPORTED_FIELD' | 'BAD_VALUE';

/** The xDS client refuses the listener with this message. */
export class TracingConfigError extends Error {
  readonly code: TracingConfigErrorCode;

  constructor(code: TracingConfigErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
