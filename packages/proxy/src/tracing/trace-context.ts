// Where a request stands in a trace, as its headers say it and as the next ones are to say it.

export interface TraceContext {
  /** 16 or 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  readonly parentId: string | undefined;
  /** Undefined: nobody has decided yet. */
  readonly sampled: boolean | undefined;
  /** W3C's `tracestate`, handed on as it is; empty: none. */
  readonly state: string;
}

/** What the headers of a request say. */
export type Extracted<Form extends string> =
  /** Nothing of a trace, but maybe whether one is wanted. */
  | { readonly kind: 'none'; readonly sampled: boolean | undefined; readonly form: Form }
  | { readonly kind: 'context'; readonly context: TraceContext; readonly form: Form }
  /** The request is not traced here: what its headers say can't be gone on with. */
  | { readonly kind: 'malformed' };
