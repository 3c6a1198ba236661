// The peer's frames → what they mean to the connection and its streams (RFC 9113 §5.1, §6).
import type { ControlFrames } from './control-frames.ts';
import { FieldBlock } from './field-block.ts';
import { flag, frameType } from './frame.ts';
import type { FrameHandler } from './frame-reader.ts';
import { errorCode, Http2Error } from './http2-error.ts';
import type { Http2Role } from './http2-role.ts';
import { type DataOwner, InboundData } from './inbound-data.ts';
import type { Http2Limits } from './limits.ts';
import type { SectionReader } from './section-reader.ts';
import type { SendScheduler } from './send-scheduler.ts';

/** What the frames change. */
export interface InboundOwner extends DataOwner {
  readonly role: Http2Role;
  readonly limits: Http2Limits;
  readonly sending: SendScheduler;
  readonly control: ControlFrames;
  readonly sections: SectionReader;
}

export class InboundFrames implements FrameHandler {
  readonly #owner: InboundOwner;
  readonly #block: FieldBlock;
  readonly #data: InboundData;
  #began = false;

  constructor(owner: InboundOwner) {
    this.#owner = owner;
    this.#block = new FieldBlock(owner.limits.maxHeadBytes);
    this.#data = new InboundData(owner);
  }

  onFrame(type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    this.#admit(type, flags, streamId);
    // The one that comes with every message is read where it lies.
    if (type === frameType.headers) this.#onHeaders(flags, streamId, bytes, start, end);
    else this.#onOther(type, flags, streamId, bytes.subarray(start, end));
  }

  onDataHead(flags: number, streamId: number, length: number): void {
    this.#admit(frameType.data, flags, streamId);
    if (streamId === 0) throw protocolError('DATA on stream 0');
    this.#data.begin(flags, streamId, length);
  }

  onDataPiece(piece: Buffer): void {
    this.#data.piece(piece);
  }

  onDataEnd(): void {
    this.#data.end();
  }

  /** The first frame is SETTINGS, and a field block's frames stand together (RFC 9113 §3.4, §4.3). */
  #admit(type: number, flags: number, streamId: number): void {
    if (!this.#began) {
      if (type !== frameType.settings || (flags & flag.ack) !== 0)
        throw protocolError('the first frame is no SETTINGS');
      this.#began = true;
    }
    const continues = type === frameType.continuation;
    if (this.#block.streamId === 0 && !continues) return;
    if (!continues || this.#block.streamId !== streamId || streamId === 0) {
      throw protocolError('a field block is interrupted, or continued where none began');
    }
  }

  #onOther(type: number, flags: number, streamId: number, payload: Buffer): void {
    switch (type) {
      case frameType.priority:
        return this.#onPriority(streamId, payload);
      case frameType.rstStream:
        return this.#onRstStream(streamId, payload);
      case frameType.settings:
        return this.#onSettings(flags, streamId, payload);
      case frameType.pushPromise:
        throw protocolError('PUSH_PROMISE, which we refuse to take');
      case frameType.ping:
        return this.#onPing(flags, streamId, payload);
      case frameType.goAway:
        return this.#onGoAway(streamId, payload);
      case frameType.windowUpdate:
        return this.#onWindowUpdate(streamId, payload);
      case frameType.continuation:
        return this.#onContinuation(flags, payload);
      default:
        this.#owner.guard.idleFrame();
    }
  }

  #onHeaders(flags: number, streamId: number, bytes: Buffer, from: number, to: number): void {
    if (streamId === 0) throw protocolError('HEADERS on stream 0');
    const padded = (flags & flag.padded) !== 0;
    const prioritized = (flags & flag.priority) !== 0;
    let start = from + Number(padded);
    const end = to - (padded && from < to ? bytes[from]! : 0);
    const selfDependent = prioritized && to >= start + 5 && dependency(bytes, start) === streamId;
    if (prioritized) start += 5;
    if (start > to) throw new Http2Error('FRAME_SIZE_ERROR', 'HEADERS cut short');
    if (start > end) throw protocolError('HEADERS with more padding than payload');
    const endStream = (flags & flag.endStream) !== 0;
    this.#owner.guard.messageFrame(start === end && !endStream);
    if (flags & flag.endHeaders) this.#owner.sections.read(streamId, bytes, start, end, endStream, selfDependent);
    else this.#block.begin(streamId, bytes.subarray(start, end), endStream, selfDependent);
  }

  #onContinuation(flags: number, payload: Buffer): void {
    const block = this.#block;
    block.continue(payload);
    this.#owner.guard.messageFrame(payload.length === 0);
    this.#owner.guard.continuation(block.continuations);
    const { streamId, endStream, selfDependent } = block;
    if ((flags & flag.endHeaders) === 0) return;
    const whole = block.end();
    this.#owner.sections.read(streamId, whole, 0, whole.length, endStream, selfDependent);
  }

  /** Ignored (RFC 9113 §5.3), but for its form. */
  #onPriority(streamId: number, payload: Buffer): void {
    if (streamId === 0) throw protocolError('PRIORITY on stream 0');
    this.#owner.guard.priority(this.#owner.streams.begun);
    if (payload.length !== 5) this.#owner.streamError(streamId, 'FRAME_SIZE_ERROR');
    else if (dependency(payload, 0) === streamId) this.#owner.streamError(streamId, 'PROTOCOL_ERROR');
  }

  #onRstStream(streamId: number, payload: Buffer): void {
    demandLength(payload, 4, 'RST_STREAM');
    this.#demandNotIdle(streamId, 'RST_STREAM');
    const stream = this.#owner.streams.get(streamId);
    if (!stream) return this.#owner.guard.idleFrame();
    if (this.#owner.role === 'server') this.#owner.guard.reset();
    stream.fail(errorCode(payload.readUInt32BE(0)), true);
  }

  #onSettings(flags: number, streamId: number, payload: Buffer): void {
    if (streamId !== 0) throw protocolError('SETTINGS on a stream');
    this.#owner.guard.idleFrame();
    if ((flags & flag.ack) === 0) return this.#owner.control.onSettings(payload);
    demandLength(payload, 0, 'acknowledgement of SETTINGS');
    this.#owner.control.onSettingsAck();
  }

  #onPing(flags: number, streamId: number, payload: Buffer): void {
    demandLength(payload, 8, 'PING');
    if (streamId !== 0) throw protocolError('PING on a stream');
    this.#owner.guard.idleFrame();
    this.#owner.control.onPing(payload, (flags & flag.ack) !== 0);
  }

  #onGoAway(streamId: number, payload: Buffer): void {
    if (payload.length < 8) throw new Http2Error('FRAME_SIZE_ERROR', 'GOAWAY cut short');
    if (streamId !== 0) throw protocolError('GOAWAY on a stream');
    this.#owner.guard.idleFrame();
    this.#owner.control.onGoAway(payload.readUInt32BE(0) & 0x7f_ff_ff_ff, errorCode(payload.readUInt32BE(4)));
  }

  #onWindowUpdate(streamId: number, payload: Buffer): void {
    demandLength(payload, 4, 'WINDOW_UPDATE');
    const { guard, sending, streams } = this.#owner;
    guard.windowUpdate(sending.dataFrames, streams.begun);
    const increment = payload.readUInt32BE(0) & 0x7f_ff_ff_ff;
    if (streamId === 0) {
      if (increment === 0) throw protocolError('WINDOW_UPDATE by 0');
      if (!sending.credit(increment)) throw new Http2Error('FLOW_CONTROL_ERROR', 'the window is too large');
      return;
    }
    this.#demandNotIdle(streamId, 'WINDOW_UPDATE');
    const stream = streams.get(streamId);
    if (!stream) return;
    if (increment === 0) this.#owner.streamError(streamId, 'PROTOCOL_ERROR');
    else if (!stream.sender.credit(increment)) this.#owner.streamError(streamId, 'FLOW_CONTROL_ERROR');
  }

  #demandNotIdle(streamId: number, what: string): void {
    const { streams } = this.#owner;
    if (streamId === 0 || (!streams.get(streamId) && streams.fate(streamId) === 'idle')) {
      throw protocolError(`${what} on stream ${streamId}, which is idle`);
    }
  }
}

function dependency(payload: Buffer, at: number): number {
  return payload.readUInt32BE(at) & 0x7f_ff_ff_ff;
}

function demandLength(payload: Buffer, length: number, what: string): void {
  if (payload.length !== length) throw new Http2Error('FRAME_SIZE_ERROR', `${what} of ${payload.length} bytes`);
}

function protocolError(what: string): Http2Error {
  return new Http2Error('PROTOCOL_ERROR', what);
}
