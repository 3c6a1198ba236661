// What asks a host how it is: one question at a time, over whatever protocol.

export type CheckResult =
  | { readonly kind: 'passed'; readonly degraded: boolean }
  /** It answered, and the answer was no. */
  /** … `excluded`: and asks to be left out. */
  | { readonly kind: 'refused'; readonly retriable: boolean; readonly excluded?: boolean }
  /** No answer came. */
  | { readonly kind: 'network'; readonly retriable: true }
  | { readonly kind: 'timeout'; readonly retriable: true };

export interface Prober {
  /** Asks; `onResult` is called once, unless `abort` came first, and not within this call. */
  probe(onResult: (result: CheckResult) => void): void;
  /** Gives the question up. */
  abort(): void;
  /** Ends every connection. */
  close(): void;
}
