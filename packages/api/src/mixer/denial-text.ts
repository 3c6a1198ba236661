// A status of Mixer → how clients of HTTP are told it.
export interface DenialText {
  /** Of HTTP. */
  readonly status: number;
  /** `PERMISSION_DENIED:handler.denier.istio-system:Not allowed` */
  readonly body: string;
  /** Of gRPC. */
  readonly code: number;
}

/** google.rpc.Code by its number, with the status of HTTP that it is told by. */
const CODES: Readonly<Record<number, readonly [string, number]>> = {
  1: ['CANCELLED', 499],
  2: ['UNKNOWN', 500],
  3: ['INVALID_ARGUMENT', 400],
  4: ['DEADLINE_EXCEEDED', 504],
  5: ['NOT_FOUND', 404],
  6: ['ALREADY_EXISTS', 409],
  7: ['PERMISSION_DENIED', 403],
  8: ['RESOURCE_EXHAUSTED', 429],
  9: ['FAILED_PRECONDITION', 400],
  10: ['ABORTED', 409],
  11: ['OUT_OF_RANGE', 400],
  12: ['UNIMPLEMENTED', 501],
  13: ['INTERNAL', 500],
  14: ['UNAVAILABLE', 503],
  15: ['DATA_LOSS', 500],
  16: ['UNAUTHENTICATED', 401],
};
const UNKNOWN = 2;

/** What no code has is told as UNKNOWN. */
export function denialText({ code, message }: { readonly code: number; readonly message: string }): DenialText {
  const known = CODES[code] ? code : UNKNOWN;
  const [name, status] = CODES[known]!;
  return { status, body: `${name}:${message}`, code: known };
}
