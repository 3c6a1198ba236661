// What is wrong with an expression and where, from its text to its evaluation.

/** A place in the text of an expression; both count from 1, columns in bytes, as Go's parser counts. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** `PARSE`: no expression. `TYPE`: refused when it is compiled. `EVALUATION`: these attributes give it no value. */
export type ExpressionErrorCode = 'PARSE' | 'TYPE' | 'EVALUATION';

/** The message is Mixer's own text; that of PARSE names the place already. */
export class ExpressionError extends Error {
  readonly code: ExpressionErrorCode;
  readonly place: Place;

  constructor(code: ExpressionErrorCode, message: string, place: Place) {
    super(message);
    this.name = 'ExpressionError';
    this.code = code;
    this.place = place;
  }
}

/** Renders `LINE:COLUMN: message`. */
export function formatExpressionError(error: ExpressionError): string {
  return error.code === 'PARSE' ? error.message : `${error.place.line}:${error.place.column}: ${error.message}`;
}
