// One request and its response on an HTTP/2 connection, as both sides' owners see it.
import type { Headers } from '../http1/headers.ts';
import type { Http2ErrorCode } from './http2-error.ts';

/** The pseudo-headers of a request (RFC 9113 §8.3.1). */
export interface RequestPseudo {
  readonly kind: 'request';
  readonly method: string;
  /** undefined with CONNECT. */
  readonly scheme: string | undefined;
  /** From `host` where `:authority` is missing; `host` is never among the other fields of what was received. */
  readonly authority: string;
  /** `/…`, or `*` with OPTIONS; undefined with CONNECT. */
  readonly path: string | undefined;
  /** What a CONNECT switches to: `websocket` (RFC 8441). Scheme and path are there then. */
  readonly protocol?: string | undefined;
}

/** The pseudo-header of a response (RFC 9113 §8.3.2). */
export interface ResponsePseudo {
  readonly kind: 'response';
  /** Three digits; under 200 an interim response. */
  readonly status: number;
}

export type PseudoFields = RequestPseudo | ResponsePseudo;

/** Told of one stream's events. After `onReset`, and after both sides ended, nothing follows. */
export interface Http2StreamHandler {
  /** The request, on a server; on a client the response. `onEnd` follows where `endStream`. */
  onHead(pseudo: PseudoFields, headers: Headers, endStream: boolean): void;
  /** An interim response (100, 103). */
  onInformational(status: number, headers: Headers): void;
  /** The buffer is reused: copy what must outlive the call. It comes also while reading is paused, up to the window. */
  onBody(chunk: Buffer): void;
  onEnd(trailers: Headers | undefined): void;
  /** The stream is gone: reset by the peer, refused by us as malformed, or its connection ended. Not after `reset`. `byPeer`: not for a fault that we found. */
  onReset(code: Http2ErrorCode, byPeer: boolean): void;
  /** What was queued is out after a `sendBody` that returned false. */
  onDrain(): void;
}

export interface Http2Stream {
  readonly id: number;
  handler: Http2StreamHandler;
  /** Neither reset nor ended by both sides. */
  readonly open: boolean;
  /** A server's response; interim ones (status under 200) may come before it. Fields are copied. */
  sendHead(pseudo: ResponsePseudo, headers: Headers, endStream: boolean): void;
  /** The chunk is read during the call only. False: it waits for the peer's window or the socket; `onDrain` follows. */
  sendBody(chunk: Buffer, endStream: boolean): boolean;
  /** Ends the stream. */
  sendTrailers(trailers: Headers): void;
  reset(code: Http2ErrorCode): void;
  /** Holds the window back: the peer may send what it was promised, and no more. */
  pauseReading(): void;
  resumeReading(): void;
}
