// Says why a cluster can't be honoured.

export type ClusterConfigErrorCode =
  | 'UNSUPPORTED_DISCOVERY'
  | 'UNSUPPORTED_BALANCER'
  | 'UNSUPPORTED_PROTOCOL'
  | 'UNSUPPORTED_TRANSPORT'
  | 'UNSUPPORTED_FIELD'
  | 'BAD_VALUE'
  | 'BAD_ENDPOINT';

/** `code` for programs; the message goes into the NACK. */
export class ClusterConfigError extends Error {
  readonly code: ClusterConfigErrorCode;

  constructor(code: ClusterConfigErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
