// Says why a listener can't be honoured.

export type ListenerConfigErrorCode = 'BAD_ADDRESS' | 'BAD_FILTER_CHAIN' | 'UNKNOWN_FILTER' | 'UNSUPPORTED_FIELD';

/** The xDS client refuses the listener with this message. */
export class ListenerConfigError extends Error {
  readonly code: ListenerConfigErrorCode;

  constructor(code: ListenerConfigErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
