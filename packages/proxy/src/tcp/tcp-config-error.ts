// Says why a tcp_proxy filter can't be honoured.

export type TcpConfigErrorCode = 'UNSUPPORTED_FIELD' | 'BAD_FILTER';

/** The xDS client refuses the listener with this message. */
export class TcpConfigError extends Error {
  override readonly name = 'TcpConfigError';
  readonly code: TcpConfigErrorCode;

  constructor(code: TcpConfigErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
