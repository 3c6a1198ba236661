// Why an option of a socket could not be read or set, as a code.

export type SocketOptionErrorCode =
  /** This platform or installation can't reach the call. */
  | 'UNAVAILABLE'
  /** The kernel does not take the option or its value. */
  | 'REFUSED';

export class SocketOptionError extends Error {
  override readonly name = 'SocketOptionError';
  readonly code: SocketOptionErrorCode;

  constructor(code: SocketOptionErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
