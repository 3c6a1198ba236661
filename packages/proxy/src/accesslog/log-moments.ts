// When requests are logged besides at their end.

export interface LogMoments {
  readonly onNewRequest: boolean;
  /** The request became a tunnel. */
  readonly onTunnel: boolean;
  /** 0: never. */
  readonly intervalMs: number;
}
