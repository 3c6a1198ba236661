// What the owner of an HTTP/2 connection is told.
import type { Http2ErrorCode } from './http2-error.ts';
import type { Http2Stream } from './http2-stream.ts';

/** Told of one connection's events. After `onClose` nothing follows. */
export interface Http2Handler {
  /** On a server: a request begins. Set `stream.handler`; its `onHead` follows at once. */
  onStream(stream: Http2Stream): void;
  /** On a server: a request whose head is over the limits. Answer 431, or reset; nothing more is told of it. */
  onOversizedHead(stream: Http2Stream): void;
  /** The peer takes no new streams; those above its last were refused. */
  onGoAway(code: Http2ErrorCode): void;
  /** A client may open more streams than before. */
  onCapacity(): void;
  /** The answer to `ping`. */
  onPong(): void;
  /** The connection is gone, once; with the error that ended it, if one did. Its streams were reset before. */
  onClose(error?: Error): void;
}
