// Why an HTTP/2 connection or stream ends: the error codes of RFC 9113 §7 by name.

const codes = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
] as const;

export type Http2ErrorCode = (typeof codes)[number];

/** What ends a whole connection, by either side; a stream's end is a code alone. */
export class Http2Error extends Error {
  override readonly name = 'Http2Error';
  readonly code: Http2ErrorCode;

  constructor(code: Http2ErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** The number that stands for it in a frame. */
export function errorNumber(code: Http2ErrorCode): number {
  return codes.indexOf(code);
}

/** A number that has no name counts as INTERNAL_ERROR (RFC 9113 §7). */
export function errorCode(number: number): Http2ErrorCode {
  return codes[number] ?? 'INTERNAL_ERROR';
}
