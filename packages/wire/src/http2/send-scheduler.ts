// The peer's window for the whole connection → who may send next: streams that wait take turns, a frame each.
import { DEFAULT_WINDOW, MAX_WINDOW } from './frame.ts';
import type { FrameOutput } from './frame-output.ts';
import type { HpackEncoder } from './hpack-encoder.ts';

/** A stream's sending side. */
export interface Sender {
  /** Sends one frame of what is queued; false when it can't. */
  sendQueued(): boolean;
  /** The socket takes more. */
  onRoom(): void;
}

export class SendScheduler {
  readonly output: FrameOutput;
  readonly encoder: HpackEncoder;
  /** Bytes of DATA that the peer takes now. */
  window = DEFAULT_WINDOW;
  /** DATA frames sent, ever. */
  dataFrames = 0;
  /** Wait for a window. */
  readonly #blocked = new Set<Sender>();
  /** Wait for the socket. */
  readonly #waiting = new Set<Sender>();

  constructor(output: FrameOutput, encoder: HpackEncoder) {
    this.output = output;
    this.encoder = encoder;
  }

  /** Raises the connection's window; false when it would be larger than the protocol allows. */
  credit(bytes: number): boolean {
    this.window += bytes;
    if (this.window > MAX_WINDOW) return false;
    this.release();
    return true;
  }

  /** Lets those that wait for a window send as far as there is one, and the socket takes it. */
  release(): void {
    let progress = true;
    while (progress && this.#blocked.size > 0 && !this.output.full) {
      progress = false;
      for (const sender of this.#blocked) progress = sender.sendQueued() || progress;
    }
  }

  drained(): void {
    this.output.drained();
    this.release();
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const sender of waiting) sender.onRoom();
  }

  block(sender: Sender): void {
    this.#blocked.add(sender);
  }

  unblock(sender: Sender): void {
    this.#blocked.delete(sender);
  }

  waitForRoom(sender: Sender): void {
    this.#waiting.add(sender);
  }

  forget(sender: Sender): void {
    this.#blocked.delete(sender);
    this.#waiting.delete(sender);
  }
}
