// Frames → bytes on a connection: what one turn of the loop writes goes out in one write.
import type { Transport } from '../io/transport.ts';
import { CLIENT_PREFACE, flag, FRAME_HEAD_BYTES, frameType, MAX_FRAME_BYTES } from './frame.ts';
import { errorNumber, type Http2ErrorCode } from './http2-error.ts';

/** Holds a few of the largest frames. */
const BUFFER_BYTES = 64 * 1024;
/** Buffers that no output uses; an idle connection has none of its own. */
const spare: Buffer[] = [];
const maxSpare = 16;
/** Bytes. */
const SMALL_COPY = 80;

export class FrameOutput {
  readonly #transport: Transport;
  readonly #maxQueued: number;
  readonly #onFlooded: () => void;
  /** Frames that were written since the transport had nothing left to send. */
  #queued = 0;
  /** Frames in the buffer. */
  #buffered = 0;
  #buffer: Buffer | undefined;
  #pos = 0;
  #scheduled = false;
  #full = false;

  /** `onFlooded`: more than `maxQueued` frames wait for a peer that doesn't read. */
  constructor(transport: Transport, maxQueued: number, onFlooded: () => void) {
    this.#transport = transport;
    this.#maxQueued = maxQueued;
    this.#onFlooded = onFlooded;
  }

  /** The transport has as much as it likes; `drained` says when it wants more. */
  get full(): boolean {
    return this.#full;
  }

  drained(): void {
    this.#full = false;
    this.#queued = 0;
  }

  preface(): void {
    this.#room(CLIENT_PREFACE.length);
    this.#pos += this.#buffer!.latin1Write(CLIENT_PREFACE, this.#pos);
  }

  settings(entries: readonly (readonly [setting: number, value: number])[]): void {
    this.#head(frameType.settings, 0, 0, entries.length * 6);
    for (const [setting, value] of entries) {
      this.#pos = this.#buffer!.writeUInt16BE(setting, this.#pos);
      this.#uint32(value);
    }
  }

  settingsAck(): void {
    this.#head(frameType.settings, flag.ack, 0, 0);
  }

  ping(payload: Buffer, ack: boolean): void {
    this.#head(frameType.ping, ack ? flag.ack : 0, 0, 8);
    this.#pos += payload.copy(this.#buffer!, this.#pos);
  }

  goAway(lastStreamId: number, code: Http2ErrorCode): void {
    this.#head(frameType.goAway, 0, 0, 8);
    this.#uint32(lastStreamId);
    this.#uint32(errorNumber(code));
  }

  rstStream(streamId: number, code: Http2ErrorCode): void {
    this.#head(frameType.rstStream, 0, streamId, 4);
    this.#uint32(errorNumber(code));
  }

  windowUpdate(streamId: number, increment: number): void {
    this.#head(frameType.windowUpdate, 0, streamId, 4);
    this.#uint32(increment);
  }

  /** The field block `bytes[0, length)`, with CONTINUATION frames where it is longer than one takes. */
  headers(streamId: number, bytes: Buffer, length: number, endStream: boolean): void {
    let start = 0;
    do {
      const end = Math.min(length, start + MAX_FRAME_BYTES);
      const last = end === length ? flag.endHeaders : 0;
      const flags = start === 0 && endStream ? last | flag.endStream : last;
      this.#head(start === 0 ? frameType.headers : frameType.continuation, flags, streamId, end - start);
      this.#copy(bytes, start, end);
      start = end;
    } while (start < length);
  }

  /** `chunk[start, end)`, at most `MAX_FRAME_BYTES` of it. */
  data(streamId: number, chunk: Buffer, start: number, end: number, endStream: boolean): void {
    this.#head(frameType.data, endStream ? flag.endStream : 0, streamId, end - start);
    this.#copy(chunk, start, end);
  }

  flush(): void {
    const buffer = this.#buffer;
    if (!buffer) return;
    this.#buffer = undefined;
    if (this.#pos > 0 && !this.#transport.write(buffer.subarray(0, this.#pos))) this.#full = true;
    this.#pos = 0;
    // What is not out yet keeps its buffer.
    if (this.#transport.bytesQueued > 0) return this.#countQueued();
    this.#queued = this.#buffered = 0;
    if (spare.length < maxSpare) spare.push(buffer);
  }

  /** No more than there are frames' heads in what waits: some are out since. */
  #countQueued(): void {
    const most = this.#transport.bytesQueued / FRAME_HEAD_BYTES;
    this.#queued = Math.min(this.#queued + this.#buffered, most);
    this.#buffered = 0;
    if (this.#queued > this.#maxQueued) this.#onFlooded();
  }

  /** Called at the end of the turn, after every socket that was ready. */
  flushScheduled(): void {
    this.#scheduled = false;
    this.flush();
  }

  #head(type: number, flags: number, streamId: number, length: number): void {
    this.#room(FRAME_HEAD_BYTES + length);
    this.#buffered++;
    const buffer = this.#buffer!;
    let pos = this.#pos;
    buffer[pos++] = length >>> 16;
    buffer[pos++] = length >>> 8;
    buffer[pos++] = length;
    buffer[pos++] = type;
    buffer[pos++] = flags;
    this.#pos = pos;
    this.#uint32(streamId);
  }

  /** Of few bytes a loop is quicker than a call into the runtime. */
  #copy(bytes: Buffer, start: number, end: number): void {
    const buffer = this.#buffer!;
    if (end - start > SMALL_COPY) {
      this.#pos += bytes.copy(buffer, this.#pos, start, end);
      return;
    }
    let pos = this.#pos;
    for (let at = start; at < end; at++) buffer[pos++] = bytes[at]!;
    this.#pos = pos;
  }

  #uint32(value: number): void {
    const buffer = this.#buffer!;
    buffer[this.#pos++] = value >>> 24;
    buffer[this.#pos++] = value >>> 16;
    buffer[this.#pos++] = value >>> 8;
    buffer[this.#pos++] = value;
  }

  #room(bytes: number): void {
    if (this.#pos + bytes > BUFFER_BYTES) this.flush();
    this.#buffer ??= spare.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(flushAtEndOfTurn, this);
  }
}

function flushAtEndOfTurn(output: FrameOutput): void {
  output.flushScheduled();
}
