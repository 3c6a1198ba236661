// One stream of a connection: its two sides' states, windows and body lengths (RFC 9113 §5.1, §5.2, §8.1.1).
import type { Headers } from '../http1/headers.ts';
import { BodySender, type BodySource } from './body-sender.ts';
import type { Http2ErrorCode } from './http2-error.ts';
import type { Http2Stream, Http2StreamHandler, PseudoFields } from './http2-stream.ts';
import { ReceiveWindow } from './receive-window.ts';
import type { SendScheduler } from './send-scheduler.ts';

/** What a stream needs of its connection. */
export interface StreamHome {
  readonly sending: SendScheduler;
  /** So much of the connection's window is free again. */
  consumed(bytes: number): void;
  /** `reset`: we sent RST_STREAM, so that frames of it may still come. */
  streamClosed(stream: Stream, how: 'ended' | 'reset' | 'reset by peer'): void;
}

/** Interim responses to one request. */
const maxInformational = 16;

export class Stream implements Http2Stream, BodySource {
  readonly id: number;
  handler: Http2StreamHandler = unattended;
  /** The head of the message that comes in is there: what follows is its trailers. */
  headReceived = false;
  /** END_STREAM came. */
  ended = false;
  /** Of the request, on a client: a response to HEAD has no body. */
  method = '';
  open = true;
  readonly sender: BodySender;
  readonly #home: StreamHome;
  readonly #window: ReceiveWindow;
  #paused = false;
  /** Bytes that came while reading was paused. */
  #held = 0;
  /** Bytes of the body that are still to come; -1: not said. */
  #due = -1;
  #informational = 0;
  #sendEnded = false;

  constructor(id: number, home: StreamHome, sendWindow: number, receiveWindow: number) {
    this.id = id;
    this.#home = home;
    this.sender = new BodySender(id, sendWindow, home.sending, this);
    this.#window = new ReceiveWindow(receiveWindow);
  }

  sendHead(pseudo: PseudoFields, headers: Headers, endStream: boolean): void {
    if (!this.open || this.sender.endAsked) return;
    const { encoder, output } = this.#home.sending;
    encoder.begin();
    if (pseudo.kind === 'response') {
      encoder.add(':status', String(pseudo.status));
    } else {
      encoder.add(':method', pseudo.method);
      if (pseudo.protocol !== undefined) encoder.add(':protocol', pseudo.protocol);
      if (pseudo.scheme !== undefined) encoder.add(':scheme', pseudo.scheme);
      encoder.add(':authority', pseudo.authority);
      if (pseudo.path !== undefined) encoder.add(':path', pseudo.path);
    }
    encoder.addAll(headers);
    encoder.writeTo(output, this.id, endStream);
    if (endStream) this.onSendEnd();
  }

  sendBody(chunk: Buffer, endStream: boolean): boolean {
    if (!this.open || this.sender.endAsked || this.#sendEnded) return false;
    return this.sender.send(chunk, endStream);
  }

  sendTrailers(trailers: Headers): void {
    if (this.open && !this.sender.endAsked && !this.#sendEnded) this.sender.sendTrailers(trailers);
  }

  reset(code: Http2ErrorCode): void {
    if (!this.open) return;
    this.#home.sending.output.rstStream(this.id, code);
    this.#close('reset');
  }

  pauseReading(): void {
    this.#paused = true;
  }

  resumeReading(): void {
    this.#paused = false;
    const held = this.#held;
    this.#held = 0;
    if (held > 0) this.consume(held);
  }

  /** Ends it for a reason that is not its owner's. */
  fail(code: Http2ErrorCode, byPeer: boolean): void {
    if (!this.open) return;
    if (!byPeer) this.#home.sending.output.rstStream(this.id, code);
    this.#close(byPeer ? 'reset by peer' : 'reset');
    this.handler.onReset(code, byPeer);
  }

  /** The head came. `contentLength` in bytes, or -1. False: the body cannot be as long as it says. */
  receiveHead(pseudo: PseudoFields, headers: Headers, contentLength: number, endStream: boolean): boolean {
    this.headReceived = true;
    this.#due = pseudo.kind === 'response' && isBodyless(this.method, pseudo.status) ? 0 : contentLength;
    if (endStream && this.#due > 0) return false;
    this.handler.onHead(pseudo, headers, endStream);
    if (endStream) this.receiveEnd(undefined);
    return true;
  }

  /** False: it is one too many. */
  receiveInformational(status: number, headers: Headers): boolean {
    if (++this.#informational > maxInformational) return false;
    this.handler.onInformational(status, headers);
    return true;
  }

  /** Counts a DATA frame against the window; false: the peer sent more than it may. */
  take(bytes: number): boolean {
    return this.#window.take(bytes);
  }

  /** False: the body is longer than it said. */
  receiveBody(chunk: Buffer): boolean {
    if (this.#due >= 0 && (this.#due -= chunk.length) < 0) return false;
    this.handler.onBody(chunk);
    return true;
  }

  /** False: the body is shorter than it said. */
  receiveEnd(trailers: Headers | undefined): boolean {
    if (!this.open) return true;
    if (this.#due > 0) return false;
    this.ended = true;
    this.handler.onEnd(trailers);
    this.#closeWhenBothEnded();
    return true;
  }

  /** A DATA frame was read to its end: its bytes go back to the peer's windows, unless reading is paused. */
  consume(bytes: number): void {
    if (this.#paused) {
      this.#held += bytes;
      return;
    }
    this.#home.consumed(bytes);
    const increment = this.ended ? 0 : this.#window.consume(bytes);
    if (increment > 0) this.#home.sending.output.windowUpdate(this.id, increment);
  }

  /** What we promise for each stream changed. */
  resizeWindow(bytes: number): void {
    this.#window.resize(bytes);
  }

  onSendDrain(): void {
    this.handler.onDrain();
  }

  onSendEnd(): void {
    this.#sendEnded = true;
    this.#closeWhenBothEnded();
  }

  #closeWhenBothEnded(): void {
    if (this.open && this.ended && this.#sendEnded) this.#close('ended');
  }

  #close(how: 'ended' | 'reset' | 'reset by peer'): void {
    this.open = false;
    this.sender.close();
    const held = this.#held;
    this.#held = 0;
    if (held > 0) this.#home.consumed(held);
    this.#home.streamClosed(this, how);
  }
}

/** RFC 9110 §6.4.1: whatever their content-length says. */
function isBodyless(method: string, status: number): boolean {
  return method === 'HEAD' || status === 204 || status === 304;
}

/** Until the owner sets its own. */
const unattended: Http2StreamHandler = {
  onHead: ignore,
  onInformational: ignore,
  onBody: ignore,
  onEnd: ignore,
  onReset: ignore,
  onDrain: ignore,
};

function ignore(): void {
  // Nobody is there to be told.
}
