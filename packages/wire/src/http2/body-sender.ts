// A stream's body and trailers → DATA and HEADERS frames within the peer's windows; what doesn't fit waits here.
import type { Headers } from '../http1/headers.ts';
import { MAX_FRAME_BYTES, MAX_WINDOW } from './frame.ts';
import type { SendScheduler, Sender } from './send-scheduler.ts';

/** Who owns the sender. */
export interface BodySource {
  /** Everything queued is out, and the socket takes more. */
  onSendDrain(): void;
  /** END_STREAM is out. */
  onSendEnd(): void;
}

const nothing = Buffer.alloc(0);

export class BodySender implements Sender {
  readonly #streamId: number;
  readonly #scheduler: SendScheduler;
  readonly #source: BodySource;
  /** Bytes that the peer takes of this stream; a change of its SETTINGS can make it negative. */
  #window: number;
  #queue: Buffer[] = [];
  /** Bytes of the queue's first that are sent. */
  #sent = 0;
  #endAsked = false;
  #trailers: Headers | undefined;

  constructor(streamId: number, window: number, scheduler: SendScheduler, source: BodySource) {
    this.#streamId = streamId;
    this.#window = window;
    this.#scheduler = scheduler;
    this.#source = source;
  }

  /** Nothing more may be given to it. */
  get endAsked(): boolean {
    return this.#endAsked;
  }

  send(chunk: Buffer, endStream: boolean): boolean {
    this.#endAsked = endStream;
    const pos = this.#queue.length === 0 ? this.#sendNow(chunk) : 0;
    if (pos < chunk.length) {
      this.#queue.push(Buffer.from(chunk.subarray(pos)));
      this.#scheduler.block(this);
    } else if (chunk.length === 0 && endStream) {
      this.#sendEnd();
    }
    if (this.#queue.length > 0) return false;
    if (!this.#scheduler.output.full) return true;
    if (!endStream) this.#scheduler.waitForRoom(this);
    return false;
  }

  sendTrailers(trailers: Headers): void {
    this.#endAsked = true;
    this.#trailers = trailers;
    this.#sendEnd();
  }

  /** Raises the window, or lowers it; false when it would be larger than the protocol allows. */
  credit(bytes: number): boolean {
    this.#window += bytes;
    if (this.#window > MAX_WINDOW) return false;
    if (this.#queue.length > 0) {
      this.#scheduler.block(this);
      this.#scheduler.release();
    }
    return true;
  }

  sendQueued(): boolean {
    const first = this.#queue[0];
    const size = Math.min(this.#allowed(), (first?.length ?? 0) - this.#sent);
    if (!first || size <= 0) {
      // The window of the stream is what lacks, not the connection's: it comes back with its own credit.
      if (this.#window <= 0) this.#scheduler.unblock(this);
      return false;
    }
    this.#frame(first, this.#sent, this.#sent + size, this.#queue.length === 1);
    this.#sent += size;
    if (this.#sent === first.length) this.#nextQueued();
    return true;
  }

  onRoom(): void {
    if (this.#queue.length === 0) this.#source.onSendDrain();
  }

  close(): void {
    this.#queue = [];
    this.#trailers = undefined;
    this.#scheduler.forget(this);
  }

  #sendNow(chunk: Buffer): number {
    let pos = 0;
    while (pos < chunk.length) {
      const size = Math.min(this.#allowed(), chunk.length - pos);
      if (size <= 0) break;
      this.#frame(chunk, pos, pos + size, true);
      pos += size;
    }
    return pos;
  }

  #allowed(): number {
    return Math.min(this.#window, this.#scheduler.window, MAX_FRAME_BYTES);
  }

  #frame(chunk: Buffer, start: number, end: number, lastChunk: boolean): void {
    const ends = this.#endAsked && this.#trailers === undefined && lastChunk && end === chunk.length;
    this.#window -= end - start;
    this.#scheduler.window -= end - start;
    this.#scheduler.dataFrames++;
    this.#scheduler.output.data(this.#streamId, chunk, start, end, ends);
    if (ends) this.#source.onSendEnd();
  }

  #nextQueued(): void {
    this.#queue.shift();
    this.#sent = 0;
    if (this.#queue.length > 0) return;
    this.#scheduler.unblock(this);
    if (this.#endAsked) this.#sendTrailersNow();
    else if (this.#scheduler.output.full) this.#scheduler.waitForRoom(this);
    else this.#source.onSendDrain();
  }

  #sendEnd(): void {
    if (this.#queue.length > 0) return;
    if (this.#trailers) this.#sendTrailersNow();
    else this.#frame(nothing, 0, 0, true);
  }

  #sendTrailersNow(): void {
    const { encoder, output } = this.#scheduler;
    if (!this.#trailers) return;
    encoder.begin();
    encoder.addAll(this.#trailers);
    encoder.writeTo(output, this.#streamId, true);
    this.#source.onSendEnd();
  }
}
