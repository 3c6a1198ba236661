// How much of a message's head a parser takes.

export interface Http1Limits {
  /** Bytes of the request or status line and all fields; also the limit of all trailers. */
  readonly maxHeadBytes: number;
  /** Number of fields, and of trailers. */
  readonly maxHeaders: number;
}

/** Envoy's defaults. */
export const defaultHttp1Limits: Http1Limits = { maxHeadBytes: 60 * 1024, maxHeaders: 100 };
