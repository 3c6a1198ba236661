// What the first lines of a message say, as values: the request's and the response's head.
import type { Headers } from './headers.ts';

/** `bodyLength` of a message whose body comes in chunks. */
export const CHUNKED = -1;
/** `bodyLength` of a response whose body ends with the connection. */
export const UNTIL_CLOSE = -2;

/** Minor version of HTTP/1: 10 for HTTP/1.0, 11 for HTTP/1.1. */
export type Http1Version = 10 | 11;

export interface RequestHead {
  readonly method: string;
  /** As sent: origin-form, absolute-form, `*` or, for CONNECT, `host:port`; printable ASCII. */
  readonly target: string;
  readonly version: Http1Version;
  readonly headers: Headers;
  /** Bytes, or CHUNKED; 0 is no body. */
  readonly bodyLength: number;
  readonly keepAlive: boolean;
  /** The `upgrade` field where `connection` names it; `CONNECT` has undefined. */
  readonly upgrade: string | undefined;
  /** The client waits for `100 Continue` before it sends the body. */
  readonly expectContinue: boolean;
}

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  readonly version: Http1Version;
  readonly headers: Headers;
  /** Bytes, CHUNKED or UNTIL_CLOSE; 0 is no body (also for HEAD, 204, 304). */
  readonly bodyLength: number;
  readonly keepAlive: boolean;
  /** The connection is no longer HTTP after this head: 101, or 2xx to CONNECT. */
  readonly upgrade: boolean;
}
