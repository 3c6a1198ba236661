// The numbers that HTTP/2's frames are made of (RFC 9113 §4, §6).

export const frameType = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** ACK is END_STREAM's bit, on SETTINGS and PING. */
export const flag = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

export const setting = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
  enableConnectProtocol: 8,
} as const;

export const FRAME_HEAD_BYTES = 9;
/** Payload of the largest frame that we take, and of any that we send: the protocol's least and default. */
export const MAX_FRAME_BYTES = 16_384;
export const MAX_WINDOW = 0x7f_ff_ff_ff;
export const DEFAULT_WINDOW = 65_535;
export const MAX_STREAM_ID = 0x7f_ff_ff_ff;

/** What a client sends before its first frame (RFC 9113 §3.4). */
export const CLIENT_PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
