// Why a connection could not be made or ended, as a code.

export type TransportErrorCode =
  /** No connection: refused, unreachable, no such address. */
  | 'CONNECT_FAILED'
  /** The peer reset the connection, or writing to it failed. */
  | 'CONNECTION_RESET'
  /** The handshake failed for another reason than the peer's certificate. */
  | 'TLS_FAILED'
  /** The peer's certificate is missing, not of the CA, or refused by `verifyPeer`. */
  | 'TLS_PEER_REFUSED'
  /** The client was asked for a certificate and sent none. */
  | 'TLS_NO_PEER_CERTIFICATE'
  /** The address to listen on is taken. */
  | 'ADDRESS_IN_USE'
  | 'LISTEN_FAILED';

export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly code: TransportErrorCode;

  constructor(code: TransportErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
