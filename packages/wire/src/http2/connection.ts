// One HTTP/2 connection, of either role: bytes of a transport ↔ streams, with settings, shutdown and abuse kept in bounds.
import type { Clock, Timer } from '@meltemi/base';
import type { Headers } from '../http1/headers.ts';
import type { Transport, TransportHandler } from '../io/transport.ts';
import { AbuseGuard } from './abuse-guard.ts';
import { ControlFrames } from './control-frames.ts';
import { Drain, type DrainOwner } from './drain.ts';
import { DEFAULT_WINDOW } from './frame.ts';
import { FrameOutput } from './frame-output.ts';
import { FrameReader } from './frame-reader.ts';
import { HpackEncoder } from './hpack-encoder.ts';
import { Http2Error, type Http2ErrorCode } from './http2-error.ts';
import type { Http2Handler } from './http2-handler.ts';
import type { Http2Role } from './http2-role.ts';
import type { Http2Stream, Http2StreamHandler, RequestPseudo } from './http2-stream.ts';
import { InboundFrames, type InboundOwner } from './inbound-frames.ts';
import type { Http2Limits } from './limits.ts';
import { ReceiveWindow } from './receive-window.ts';
import { type SectionOwner, SectionReader } from './section-reader.ts';
import { SendScheduler } from './send-scheduler.ts';
import { Stream, type StreamHome } from './stream.ts';
import { StreamTable } from './stream-table.ts';

/** ending: GOAWAY is out, and nothing that comes counts any more. */
type Phase = 'open' | 'ending' | 'closed';

export class Http2Connection implements TransportHandler, InboundOwner, SectionOwner, StreamHome, DrainOwner {
  readonly role: Http2Role;
  readonly limits: Http2Limits;
  readonly handler: Http2Handler;
  readonly guard: AbuseGuard;
  readonly streams: StreamTable;
  readonly sending: SendScheduler;
  readonly window: ReceiveWindow;
  readonly control: ControlFrames;
  readonly sections: SectionReader;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #output: FrameOutput;
  readonly #reader: FrameReader;
  readonly #drain: Drain;
  #phase: Phase = 'open';
  #closing: Timer | undefined;
  #error: Error | undefined;

  /** Takes the transport over and sends the preface. */
  constructor(role: Http2Role, transport: Transport, handler: Http2Handler, limits: Http2Limits, clock: Clock) {
    this.role = role;
    this.limits = limits;
    this.#transport = transport;
    this.handler = handler;
    this.#clock = clock;
    this.guard = new AbuseGuard(limits, clock);
    this.streams = new StreamTable(role === 'server' ? 1 : 0);
    this.#output = new FrameOutput(transport, limits.maxQueuedFrames, () => this.#flooded());
    this.sending = new SendScheduler(this.#output, new HpackEncoder());
    this.window = new ReceiveWindow(Math.max(limits.connectionWindow, DEFAULT_WINDOW));
    this.#drain = new Drain(this, this.#output, clock);
    this.control = new ControlFrames(this, transport, handler, this.#drain);
    this.sections = new SectionReader(this);
    this.#reader = new FrameReader(new InboundFrames(this), role === 'server');
    transport.handler = this;
    this.control.settings.introduce();
  }

  /** Streams that are open. */
  get streamCount(): number {
    return this.streams.size;
  }

  /** How many streams a client may open now. */
  get capacity(): number {
    if (!this.open || this.#drain.begun || this.control.peerGoesAway || this.streams.exhausted) return 0;
    return Math.max(0, this.control.settings.peer.maxConcurrentStreams - this.streams.size);
  }

  /** Whether the server takes CONNECT with `:protocol`; undefined: its settings have not come yet. */
  get takesExtendedConnect(): boolean | undefined {
    return this.control.settings.peer.extendedConnect;
  }

  /** A client's request; undefined where `capacity` is 0. */
  request(
    handler: Http2StreamHandler,
    pseudo: RequestPseudo,
    headers: Headers,
    endStream: boolean,
  ): Http2Stream | undefined {
    if (this.role === 'server' || this.capacity === 0) return undefined;
    const stream = this.addStream(this.streams.takeOwnId());
    stream.handler = handler;
    stream.method = pseudo.method;
    stream.sendHead(pseudo, headers, endStream);
    return stream;
  }

  /** Asks for a sign of life: `onPong`. */
  ping(): void {
    this.control.ping();
  }

  /** Lets the streams that are open end, and closes then; a server's last may still be under way (RFC 9113 §6.8). */
  goAway(): void {
    if (this.#phase !== 'open') return;
    if (this.role === 'client') this.#drain.nameLast();
    else this.#drain.announce(this.limits.closeMs);
  }

  /** Ends the connection and its streams, and says why. */
  end(code: Http2ErrorCode, error?: Error): void {
    if (this.#phase !== 'open') return;
    this.#error = error;
    this.#output.goAway(this.streams.lastPeerId, code);
    this.#finish(code);
  }

  onData(bytes: Buffer): void {
    if (this.#phase !== 'open') return;
    try {
      this.#reader.read(bytes);
    } catch (error) {
      if (!(error instanceof Http2Error)) throw error;
      this.end(error.code, error);
    }
  }

  onEnd(): void {
    // HTTP/2 has no half-closed connections.
    this.#finish('CANCEL');
    this.#transport.destroy();
  }

  onDrain(): void {
    this.sending.drained();
  }

  onClose(error?: Error): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.#drain.cancel();
    this.#closing?.cancel();
    this.#reader.stop();
    for (const stream of this.streams.all()) stream.fail('CANCEL', true);
    this.handler.onClose(this.#error ?? error);
  }

  get open(): boolean {
    return this.#phase === 'open';
  }

  get admits(): boolean {
    return this.#drain.admits;
  }

  addStream(id: number): Stream {
    const { peer, streamWindow } = this.control.settings;
    const stream = new Stream(id, this, peer.initialWindow, streamWindow);
    this.streams.add(stream);
    return stream;
  }

  consumed(bytes: number): void {
    const increment = this.window.consume(bytes);
    if (increment > 0) this.#output.windowUpdate(0, increment);
  }

  streamError(streamId: number, code: Http2ErrorCode): void {
    const stream = this.streams.get(streamId);
    if (stream) stream.fail(code, false);
    else this.#output.rstStream(streamId, code);
    this.streams.remember(streamId, true);
    if (this.role === 'server') this.guard.reset();
  }

  streamClosed(stream: Stream, how: 'ended' | 'reset' | 'reset by peer'): void {
    this.streams.remove(stream.id, how === 'reset');
    if (how === 'ended') this.guard.served();
    if (this.#phase !== 'open') return;
    this.#drain.check();
    if (this.role === 'client') this.handler.onCapacity();
  }

  onDrained(): void {
    this.#finish('NO_ERROR');
  }

  #flooded(): void {
    const error = new Http2Error('ENHANCE_YOUR_CALM', 'too many frames that the peer does not read');
    this.end(error.code, error);
  }

  /** Sends what is queued and FIN, and reads on for a while: closing with unread bytes would reset what we sent. */
  #finish(code: Http2ErrorCode): void {
    if (this.#phase !== 'open') return;
    this.#phase = 'ending';
    this.#reader.stop();
    for (const stream of this.streams.all()) stream.fail(code, true);
    this.#output.flush();
    this.#transport.end();
    this.#drain.cancel();
    this.#awaitClose();
  }

  /** As long as the peer takes some of what is queued, it has time. */
  #awaitClose(): void {
    const unsent = this.#transport.bytesQueued;
    this.#closing = this.#clock.after(this.limits.closeMs, () => {
      if (this.#transport.bytesQueued < unsent) this.#awaitClose();
      else this.#transport.destroy();
    });
  }
}
