// Says why a filter of a listener can't be honoured.

export type FilterConfigErrorCode = 'UNKNOWN_FILTER' | 'UNSUPPORTED_FIELD' | 'BAD_FILTER' | 'UNKNOWN_CLUSTER';

/** The xDS client refuses the listener with this message. */
export class FilterConfigError extends Error {
  readonly code: FilterConfigErrorCode;

  constructor(code: FilterConfigErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
