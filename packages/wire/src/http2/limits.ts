// How much an HTTP/2 peer may ask of us.

export interface Http2Limits {
  /** Bytes of a decoded head or of trailers, counted as RFC 9113 §6.5.2 does: 32 more for each field. */
  readonly maxHeadBytes: number;
  /** Number of fields, cookie crumbs and dropped ones counted. */
  readonly maxHeaders: number;
  /** Streams that the peer may have open at a time. */
  readonly maxConcurrentStreams: number;
  /** Bytes of a body that the peer may send before its reader takes them. */
  readonly streamWindow: number;
  /** The same for all streams of the connection together: what a connection may make us hold. */
  readonly connectionWindow: number;
  /** Streams that may be reset beyond those served, in 30 seconds (CVE-2023-44487). */
  readonly maxResets: number;
  /** Frames that move nothing (PING, SETTINGS, PRIORITY, empty DATA, unknown), in 10 seconds. */
  readonly maxIdleFrames: number;
  /** Answers to control frames that wait because the peer doesn't read. */
  readonly maxQueuedReplies: number;
  /** CONTINUATION frames of one head. */
  readonly maxContinuations: number;
  /** Entries of one SETTINGS frame. */
  readonly maxSettings: number;
  /** A server takes requests to switch protocols: CONNECT with `:protocol` (RFC 8441). */
  readonly extendedConnect?: boolean;
  /** How long a connection that we ended may take to close. */
  readonly closeMs: number;
}

export const defaultHttp2Limits: Http2Limits = {
  maxHeadBytes: 60 * 1024,
  maxHeaders: 100,
  maxConcurrentStreams: 100,
  streamWindow: 256 * 1024,
  connectionWindow: 4 * 1024 * 1024,
  maxResets: 200,
  maxIdleFrames: 1000,
  maxQueuedReplies: 1000,
  maxContinuations: 64,
  maxSettings: 32,
  closeMs: 1000,
};
