// Bytes of a connection → frames: DATA in pieces as it comes, every other frame whole (RFC 9113 §4.1).
import { CLIENT_PREFACE, flag, FRAME_HEAD_BYTES, frameType, MAX_FRAME_BYTES } from './frame.ts';
import { Http2Error } from './http2-error.ts';

/** Buffers hold during the call only. What the methods throw ends the connection. */
export interface FrameHandler {
  /** The payload is `bytes[start, end)`. */
  onFrame(type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number): void;
  /** `length` counts padding too, as flow control does. */
  onDataHead(flags: number, streamId: number, length: number): void;
  onDataPiece(piece: Buffer): void;
  onDataEnd(): void;
}

const PREFACE = 0;
const HEAD = 1;
const PAYLOAD = 2;
const PAD_LENGTH = 3;
const DATA = 4;
const PADDING = 5;

const preface = Buffer.from(CLIENT_PREFACE, 'latin1');
const nothing = Buffer.alloc(0);

/** Throws `Http2Error` for bytes that are no HTTP/2. */
export class FrameReader {
  readonly #handler: FrameHandler;
  readonly #head = Buffer.allocUnsafeSlow(FRAME_HEAD_BYTES);
  #state: number;
  /** What is gathered: bytes of the preface, the frame's head or its payload. */
  #gathered = 0;
  #payload: Buffer = nothing;
  #type = 0;
  #flags = 0;
  #streamId = 0;
  #length = 0;
  /** Bytes left of the data, or of the padding. */
  #left = 0;
  #padding = 0;
  #stopped = false;

  constructor(handler: FrameHandler, expectsPreface: boolean) {
    this.#handler = handler;
    this.#state = expectsPreface ? PREFACE : HEAD;
  }

  read(bytes: Buffer): void {
    let pos = 0;
    while (pos < bytes.length && !this.#stopped) pos = this.#step(bytes, pos);
  }

  /** Takes nothing more; may be called by a handler. */
  stop(): void {
    this.#stopped = true;
  }

  #step(bytes: Buffer, pos: number): number {
    switch (this.#state) {
      case PREFACE:
        return this.#takePreface(bytes, pos);
      case HEAD:
        return this.#takeHead(bytes, pos);
      case PAYLOAD:
        return this.#takePayload(bytes, pos);
      case PAD_LENGTH:
        return this.#takePadLength(bytes[pos]!, pos);
      case DATA:
        return this.#takeData(bytes, pos);
      default:
        return this.#takePadding(bytes, pos);
    }
  }

  #takePreface(bytes: Buffer, pos: number): number {
    if (bytes[pos] !== preface[this.#gathered]) throw new Http2Error('PROTOCOL_ERROR', 'no HTTP/2 client preface');
    if (++this.#gathered === preface.length) this.#expectHead();
    return pos + 1;
  }

  #takeHead(bytes: Buffer, pos: number): number {
    if (this.#gathered === 0 && bytes.length - pos >= FRAME_HEAD_BYTES) {
      this.#beginFrame(bytes, pos);
      return pos + FRAME_HEAD_BYTES;
    }
    this.#head[this.#gathered++] = bytes[pos]!;
    if (this.#gathered === FRAME_HEAD_BYTES) this.#beginFrame(this.#head, 0);
    return pos + 1;
  }

  #beginFrame(bytes: Buffer, at: number): void {
    this.#length = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
    this.#type = bytes[at + 3]!;
    this.#flags = bytes[at + 4]!;
    this.#streamId = bytes.readUInt32BE(at + 5) & 0x7f_ff_ff_ff;
    this.#gathered = 0;
    if (this.#length > MAX_FRAME_BYTES) throw new Http2Error('FRAME_SIZE_ERROR', `a frame of ${this.#length} bytes`);
    if (this.#type === frameType.data) this.#beginData();
    else if (this.#length === 0) this.#endFrame(nothing, 0);
    else this.#state = PAYLOAD;
  }

  #takePayload(bytes: Buffer, pos: number): number {
    if (this.#gathered === 0 && bytes.length - pos >= this.#length) {
      this.#endFrame(bytes, pos);
      return pos + this.#length;
    }
    if (this.#gathered === 0) this.#payload = Buffer.allocUnsafe(this.#length);
    const copied = bytes.copy(this.#payload, this.#gathered, pos);
    this.#gathered += copied;
    if (this.#gathered === this.#length) this.#endFrame(this.#payload, 0);
    return pos + copied;
  }

  #endFrame(bytes: Buffer, start: number): void {
    this.#expectHead();
    this.#payload = nothing;
    this.#handler.onFrame(this.#type, this.#flags, this.#streamId, bytes, start, start + this.#length);
  }

  #beginData(): void {
    this.#left = this.#length;
    this.#padding = 0;
    this.#handler.onDataHead(this.#flags, this.#streamId, this.#length);
    if ((this.#flags & flag.padded) === 0) this.#expectData();
    else if (this.#length === 0) throw new Http2Error('FRAME_SIZE_ERROR', 'DATA without its pad length');
    else this.#state = PAD_LENGTH;
  }

  #takePadLength(padding: number, pos: number): number {
    this.#left = this.#length - 1 - padding;
    this.#padding = padding;
    if (this.#left < 0) throw new Http2Error('PROTOCOL_ERROR', 'DATA with more padding than payload');
    this.#expectData();
    return pos + 1;
  }

  #expectData(): void {
    if (this.#left > 0) this.#state = DATA;
    else this.#expectPadding();
  }

  #takeData(bytes: Buffer, pos: number): number {
    const end = Math.min(bytes.length, pos + this.#left);
    this.#left -= end - pos;
    this.#handler.onDataPiece(bytes.subarray(pos, end));
    if (this.#left === 0) this.#expectPadding();
    return end;
  }

  #expectPadding(): void {
    this.#left = this.#padding;
    this.#state = PADDING;
    if (this.#left === 0) this.#endData();
  }

  #takePadding(bytes: Buffer, pos: number): number {
    const size = Math.min(bytes.length - pos, this.#left);
    this.#left -= size;
    if (this.#left === 0) this.#endData();
    return pos + size;
  }

  #endData(): void {
    this.#expectHead();
    this.#handler.onDataEnd();
  }

  #expectHead(): void {
    this.#state = HEAD;
    this.#gathered = 0;
  }
}
