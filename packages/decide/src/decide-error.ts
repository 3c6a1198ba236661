// Says why a route configuration cannot be honoured, and where in it.

export type DecideErrorCode =
  | 'BAD_REGEX'
  | 'BAD_DOMAIN'
  | 'BAD_MATCH'
  | 'BAD_ACTION'
  | 'BAD_HEADER'
  | 'BAD_FORMAT'
  | 'BAD_RETRY'
  | 'BAD_FILTER'
  | 'UNSUPPORTED';

/** Thrown by compiling; the message names the virtual host and the route. An xDS client refuses the resource with it. */
export class DecideError extends Error {
  override readonly name = 'DecideError';
  readonly code: DecideErrorCode;
  /** The message without its place. */
  readonly reason: string;

  constructor(code: DecideErrorCode, reason: string, place = '', options?: ErrorOptions) {
    super(place ? `${place}: ${reason}` : reason, options);
    this.code = code;
    this.reason = reason;
  }
}

/** Runs `compile` and puts `place` before the message of a DecideError that it throws. */
export function at<Result>(place: string, compile: () => Result): Result {
  try {
    return compile();
  } catch (failure) {
    if (!(failure instanceof DecideError)) throw failure;
    throw new DecideError(failure.code, failure.message, place, { cause: failure });
  }
}
