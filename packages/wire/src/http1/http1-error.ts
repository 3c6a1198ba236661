// Why bytes are not HTTP/1.1, or why a message may not be written as it: a code, and what a server answers.

export type Http1ErrorCode =
  | 'BAD_REQUEST_LINE'
  | 'BAD_STATUS_LINE'
  | 'BAD_LINE_END'
  | 'BAD_METHOD'
  | 'BAD_TARGET'
  | 'BAD_VERSION'
  | 'BAD_FIELD_NAME'
  | 'BAD_FIELD_VALUE'
  | 'OBSOLETE_FOLD'
  | 'BAD_HOST'
  | 'MISSING_HOST'
  | 'DUPLICATE_HOST'
  | 'BAD_CONTENT_LENGTH'
  | 'DUPLICATE_CONTENT_LENGTH'
  | 'LENGTH_AND_CHUNKED'
  | 'BAD_TRANSFER_ENCODING'
  | 'UNKNOWN_TRANSFER_ENCODING'
  | 'PROTECTED_FIELD_NOMINATED'
  | 'BAD_CHUNK'
  | 'BAD_TRAILER'
  | 'REQUEST_LINE_TOO_LONG'
  | 'HEAD_TOO_LARGE'
  | 'TOO_MANY_FIELDS'
  | 'TOO_MANY_INFORMATIONAL'
  | 'UNEXPECTED_UPGRADE'
  | 'UNSOLICITED_BYTES'
  | 'CUT_SHORT';

/** `status` is what a server answers the request with (400, 414, 431, 501, 505); for a response, what a gateway answers: 502. */
export class Http1Error extends Error {
  override readonly name = 'Http1Error';
  readonly code: Http1ErrorCode;
  readonly status: number;

  constructor(code: Http1ErrorCode, status: number, message: string) {
    super(message);
    this.code = code;
    this.status = status;
  }
}
