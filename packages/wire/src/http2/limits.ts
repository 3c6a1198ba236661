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
  /** Frames that wait because the peer doesn't read, of any kind. */
  readonly maxQueuedFrames: number;
  /** Frames of a message one after the other that have no bytes and don't end it. */
  readonly maxEmptyFrames: number;
  /** PRIORITY frames for each stream begun, and one time more. */
  readonly maxPriorities: number;
  /** WINDOW_UPDATE frames for each DATA frame that we send, twice that in all, as Envoy counts; undefined: our own measure. */
  readonly windowUpdatesPerData?: number;
  /** Bytes of HPACK's tables, of either direction; while the peer has not read ours, 4096 count. */
  readonly tableBytes: number;
  /** CONTINUATION frames of one head. */
  readonly maxContinuations: number;
  /** Entries of one SETTINGS frame. */
  readonly maxSettings: number;
  /** A server takes requests to switch protocols: CONNECT with `:protocol` (RFC 8441). */
  readonly extendedConnect?: boolean;
  /** Cookie fields of one head become one, as RFC 9113 §8.2.3 wants them for HTTP/1.1. Default true. */
  readonly joinsCookies?: boolean;
  /** How long the peer of a connection that we ended may take none of what is queued, and then not close. */
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
  maxQueuedFrames: 10_000,
  maxEmptyFrames: 1,
  maxPriorities: 100,
  tableBytes: 4096,
  maxContinuations: 64,
  maxSettings: 32,
  closeMs: 1000,
};
