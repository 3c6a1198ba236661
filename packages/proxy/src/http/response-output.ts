// Where a stream's response goes, whatever protocol the client speaks.
import type { Headers } from '@meltemi/wire';

/** What the client asked with, and what becomes of the connection. */
export interface ResponseFraming {
  readonly version: 10 | 11;
  /** Bytes, CHUNKED or UNTIL_CLOSE; 0: no body. */
  readonly bodyLength: number;
  readonly keepAlive: boolean;
  /** There can be no body: to HEAD, and of 204 and 304. A length of 0 need not be said. */
  readonly bodyless: boolean;
}

export interface ResponseOutput {
  /** Adds the fields that say how the body ends and whether the connection stays, where the protocol has such. */
  head(status: number, reason: string, headers: Headers, framing: ResponseFraming): void;
  /** An interim response (100, 103) or a switch of protocols, as it is. */
  plainHead(status: number, reason: string, headers: Headers): void;
  /** False: wait until the client took some. The chunk is read during the call only. */
  body(chunk: Buffer): boolean;
  end(trailers: Headers | undefined): void;
  /** Sends what was held back to be joined. Who feeds the output calls it when no more is here for now. */
  flush(): void;
}
