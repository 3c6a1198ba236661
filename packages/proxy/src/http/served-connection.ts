// What the connection manager knows of a connection, whatever protocol it speaks.

export interface ServedConnection {
  /** No request is served; since `idleSince`, in the clock's monotonic milliseconds. */
  readonly idle: boolean;
  readonly idleSince: number;
  /** Closes when the client has what was sent to it. */
  end(): void;
  /** Closes now. */
  destroy(): void;
  /** Takes no new requests, where the protocol can say so before the next response. */
  drain(): void;
}
