// DATA frames in pieces → bodies of streams, counted against the windows (RFC 9113 §5.2, §6.1).
import type { AbuseGuard } from './abuse-guard.ts';
import { flag } from './frame.ts';
import { Http2Error, type Http2ErrorCode } from './http2-error.ts';
import type { ReceiveWindow } from './receive-window.ts';
import type { Stream } from './stream.ts';
import type { StreamTable } from './stream-table.ts';

/** Whose streams they are. */
export interface DataOwner {
  readonly guard: AbuseGuard;
  readonly streams: StreamTable;
  readonly window: ReceiveWindow;
  /** So much of the connection's window is free again. */
  consumed(bytes: number): void;
  /** Resets the stream for what the peer did. */
  streamError(streamId: number, code: Http2ErrorCode): void;
}

/** One frame at a time. */
export class InboundData {
  readonly #owner: DataOwner;
  /** undefined: nobody wants the frame's bytes. */
  #stream: Stream | undefined;
  #length = 0;
  #ends = false;
  /** It has bytes of a body, or ends one. */
  #moved = false;

  constructor(owner: DataOwner) {
    this.#owner = owner;
  }

  begin(flags: number, streamId: number, length: number): void {
    if (!this.#owner.window.take(length)) {
      throw new Http2Error('FLOW_CONTROL_ERROR', 'more DATA than the connection may send');
    }
    this.#length = length;
    this.#ends = (flags & flag.endStream) !== 0;
    this.#stream = this.#receiverOf(streamId);
    this.#moved = this.#ends;
  }

  piece(piece: Buffer): void {
    const stream = this.#stream;
    this.#moved = true;
    if (stream?.open && !stream.receiveBody(piece)) this.#owner.streamError(stream.id, 'PROTOCOL_ERROR');
  }

  end(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    if (!this.#moved) this.#owner.guard.idleFrame();
    this.#owner.guard.messageFrame(!this.#moved);
    if (!stream?.open) return this.#owner.consumed(this.#length);
    const whole = !this.#ends || stream.receiveEnd(undefined);
    if (!whole) this.#owner.streamError(stream.id, 'PROTOCOL_ERROR');
    stream.consume(this.#length);
  }

  #receiverOf(streamId: number): Stream | undefined {
    const stream = this.#owner.streams.get(streamId);
    if (!stream) return this.#refuse(streamId);
    const code = this.#errorOf(stream);
    if (!code) return stream;
    this.#owner.streamError(streamId, code);
    return undefined;
  }

  #errorOf(stream: Stream): Http2ErrorCode | undefined {
    if (stream.ended) return 'STREAM_CLOSED';
    if (!stream.headReceived) return 'PROTOCOL_ERROR';
    return stream.take(this.#length) ? undefined : 'FLOW_CONTROL_ERROR';
  }

  #refuse(streamId: number): undefined {
    const fate = this.#owner.streams.fate(streamId);
    if (fate === 'idle') throw new Http2Error('PROTOCOL_ERROR', `DATA on stream ${streamId}, which is idle`);
    if (fate === 'reset by us') this.#owner.guard.idleFrame();
    else this.#owner.streamError(streamId, 'STREAM_CLOSED');
  }
}
